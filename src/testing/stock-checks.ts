/** What must hold of stock. See `check.ts`. */
import type { Check } from './check.ts'
import { completing } from './checkouts.ts'

/** What a row of `inventory.stock` counts, beside the rows that it counts. */
const counted = (column: string, rows: string) => `WITH rows AS (${rows})
  SELECT sku || ' at ' || location || ': ' || coalesce(${column}, 0) || ' counted, ' || coalesce(units, 0) || ' found' AS what
  FROM inventory.stock FULL JOIN rows USING (sku, location) WHERE coalesce(${column}, 0) <> coalesce(units, 0)`

export const stockChecks: Check[] = [
  {
    says: 'On hand is not what the stock ledger adds up to, or below zero',
    text: `${counted('on_hand', 'SELECT sku, location, sum(delta) AS units FROM inventory.stock_ledger GROUP BY sku, location')}
      OR on_hand < 0`,
  },
  {
    says: 'Reserved is not what the open reservations add up to',
    text: counted(
      'reserved',
      `SELECT sku, location, sum(quantity) AS units FROM inventory.reservation_lines
        JOIN inventory.reservations ON id = reservation_id WHERE state = 'open' GROUP BY sku, location`,
    ),
  },
  {
    says: 'Held is not what the holds add up to',
    text: counted(
      'held',
      'SELECT sku, location, sum(quantity) AS units FROM inventory.hold_lines GROUP BY sku, location',
    ),
  },
  {
    says: 'More is promised and kept than is on hand',
    text: `SELECT sku || ' at ' || location AS what FROM inventory.stock WHERE reserved + held > on_hand`,
  },
  {
    says: 'A hold keeps stock for no cart, or a line of one has lost its hold',
    text: `SELECT reference AS what FROM inventory.holds WHERE NOT EXISTS (SELECT FROM checkout.carts WHERE id = reference)
      UNION SELECT reference FROM inventory.hold_lines l WHERE NOT EXISTS (SELECT FROM inventory.holds h WHERE h.reference = l.reference)`,
  },
  {
    says: 'What a reservation committed is not what left the stock',
    text: `WITH committed AS (SELECT reference, sku, location, quantity FROM inventory.reservation_lines
        JOIN inventory.reservations ON id = reservation_id WHERE state = 'committed'),
      departed AS (SELECT reference, sku, location, -delta AS units FROM inventory.stock_ledger WHERE kind = 'commit')
      SELECT reference || ' ' || sku AS what FROM committed FULL JOIN departed USING (reference, sku, location)
      WHERE quantity IS DISTINCT FROM units`,
  },
  {
    says: 'A reservation holds nothing, or belongs to no checkout',
    text: `SELECT r.id AS what FROM inventory.reservations r
      WHERE NOT EXISTS (SELECT FROM inventory.reservation_lines WHERE reservation_id = r.id)
        OR NOT EXISTS (SELECT FROM (${completing}) s WHERE s.id = r.reference)`,
  },
  {
    says: 'A receipt is not what the stock ledger says was received',
    text: `WITH booked AS (SELECT reference, sum(delta) AS total FROM inventory.stock_ledger WHERE kind = 'receipt' GROUP BY reference)
      SELECT reference AS what FROM inventory.receipts FULL JOIN booked USING (reference) WHERE units IS DISTINCT FROM total`,
  },
]
