/** What must hold of orders and of the checkouts that placed them. See `check.ts`. */
import type { Check } from './check.ts'
import { completing } from './checkouts.ts'
import { ledgerSums } from './money-checks.ts'

export const orderChecks: Check[] = [
  {
    says: 'A completed checkout has no order that is what it answered',
    text: `SELECT s.id AS what FROM (${completing}) s LEFT JOIN orders.orders o ON o.reference = s.id
      WHERE s.state = 'done' AND (o.id, o.number::text, o.gross_minor::text, o.currency) IS DISTINCT FROM
        (s.answer->>'orderId', s.answer->>'orderNumber', s.answer->'total'->>'amountMinor', s.answer->'total'->>'currency')`,
  },
  {
    says: 'A completed checkout is not promised the money that its total says',
    text: `SELECT s.id || ': ' || o.gross_minor || ' ' || o.currency AS what FROM (${completing}) s JOIN orders.orders o ON o.reference = s.id
      WHERE s.state = 'done' AND o.gross_minor <> (SELECT coalesce(sum(authorised), 0) FROM (${ledgerSums}) AS booked
        JOIN payments.payments p ON p.id = payment_id WHERE p.reference = s.id AND p.currency = o.currency)`,
  },
  {
    says: 'A completed checkout was not promised the stock that it bought',
    text: `WITH bought AS (SELECT o.reference, l.sku, sum(l.quantity) AS units FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
        JOIN catalog.variants v ON v.sku = l.sku AND v.stocked JOIN (${completing}) s ON s.id = o.reference AND s.state = 'done'
        GROUP BY o.reference, l.sku),
      promised AS (SELECT r.reference, l.sku, sum(l.quantity) AS units FROM inventory.reservations r
        JOIN inventory.reservation_lines l ON l.reservation_id = r.id JOIN (${completing}) s ON s.id = r.reference AND s.state = 'done'
        GROUP BY r.reference, l.sku)
      SELECT reference || ' ' || sku AS what FROM bought FULL JOIN promised USING (reference, sku)
      WHERE bought.units IS DISTINCT FROM promised.units`,
  },
  {
    says: 'The stock of an order left without it, or was given up for one that was not cancelled',
    text: `SELECT o.id || ' is ' || o.state || ', its reservation ' || r.state AS what
      FROM orders.orders o JOIN inventory.reservations r ON r.reference = o.reference
      WHERE (r.state = 'committed' AND o.state NOT IN ('shipping', 'shipped')) OR (r.state = 'released' AND o.state <> 'cancelled')`,
  },
  {
    says: 'The stock of an order is not where the order is',
    text: `SELECT o.id || ' is ' || o.state || ', its reservation ' || r.state AS what
      FROM orders.orders o JOIN inventory.reservations r ON r.reference = o.reference
      WHERE r.state <> CASE o.state WHEN 'shipped' THEN 'committed' WHEN 'cancelled' THEN 'released' ELSE 'open' END`,
    settled: true,
  },
  {
    says: 'A shipment is not where its order is, or an order with goods has none',
    text: `SELECT o.id || ' is ' || o.state || ', its shipment ' || coalesce(s.state, 'missing') AS what
      FROM orders.orders o LEFT JOIN fulfilment.shipments s ON s.order_id = o.id
      WHERE CASE WHEN s.id IS NULL THEN EXISTS (SELECT FROM inventory.reservations r WHERE r.reference = o.reference)
        ELSE s.state <> CASE WHEN o.state IN ('placed', 'paid') THEN 'waiting' ELSE o.state END END
      UNION ALL SELECT s.id FROM fulfilment.shipments s WHERE NOT EXISTS (SELECT FROM orders.orders o WHERE o.id = s.order_id)`,
    settled: true,
  },
  {
    says: 'An undone checkout left something behind',
    text: `SELECT s.id || ' ' || rest.id AS what FROM (${completing}) s JOIN (
        SELECT id, reference FROM orders.orders
        UNION ALL SELECT id, reference FROM inventory.reservations WHERE state <> 'released'
        UNION ALL SELECT id, reference FROM payments.payments WHERE state NOT IN ('declined', 'voided')
        UNION ALL SELECT id, reference FROM payments.payments JOIN (${ledgerSums}) AS booked ON payment_id = id WHERE authorised <> voided
        UNION ALL SELECT id, completing_by FROM checkout.carts WHERE completing_by IS NOT NULL
      ) AS rest ON rest.reference = s.id WHERE s.state = 'undone'`,
  },
  {
    says: 'An order has no checkout that completed it',
    text: `SELECT o.id AS what FROM orders.orders o LEFT JOIN (${completing}) s ON s.id = o.reference
      WHERE s.id IS NULL OR NOT (s.state = 'done' OR (s.state IN ('running', 'parked') AND s.pivoted))`,
  },
  {
    says: 'An order is not the sum of its lines and of sending it',
    text: `SELECT o.id AS what FROM orders.orders o LEFT JOIN orders.order_lines l ON l.order_id = o.id GROUP BY o.id
      HAVING (o.gross_minor::numeric, o.tax_minor::numeric, o.line_count) IS DISTINCT FROM
        (sum(l.gross_minor) + coalesce((o.shipping->>'grossMinor')::bigint, 0),
          sum(l.tax_minor) + coalesce((o.shipping->>'taxMinor')::bigint, 0), count(l.position)::int)`,
  },
  {
    says: 'Order numbers have a gap',
    text: `SELECT 'up to ' || c.value AS what FROM orders.counters c, (SELECT count(*) AS n, min(number) AS low, max(number) AS high FROM orders.orders) AS o
      WHERE c.name = 'order_number' AND o.n > 0 AND (o.high <> c.value OR o.high - o.low + 1 <> o.n)`,
  },
  {
    says: 'A cart was bought twice',
    text: `SELECT cart AS what FROM (${completing}) s WHERE state = 'done' GROUP BY cart HAVING count(*) > 1`,
  },
  {
    says: 'A cart is not as its checkout left it',
    text: `SELECT c.id AS what FROM (${completing}) s LEFT JOIN checkout.carts c ON c.id = s.cart
      WHERE s.state = 'done' AND (c.state, c.completing_by, c.order_id) IS DISTINCT FROM ('completed', s.id, s.answer->>'orderId')
      UNION ALL SELECT c.id FROM checkout.carts c LEFT JOIN (${completing}) s ON s.id = c.completing_by
      WHERE c.completing_by IS NOT NULL AND (s.state IS NULL OR (c.state = 'completed') <> (s.state = 'done'))`,
  },
  {
    says: 'What happened to an order is not what it says was captured and given back',
    text: `SELECT o.id AS what FROM orders.orders o LEFT JOIN orders.order_history h ON h.order_id = o.id GROUP BY o.id
      HAVING (o.captured_minor::numeric, o.refunded_minor::numeric) IS DISTINCT FROM
        (coalesce(sum(h.amount_minor) FILTER (WHERE h.what = 'captured'), 0),
          coalesce(sum(h.amount_minor) FILTER (WHERE h.what = 'refunded'), 0))`,
  },
  {
    says: 'An order and its payment do not agree on what is paid',
    text: `SELECT o.id || ' is ' || o.state AS what FROM orders.orders o LEFT JOIN payments.payments p ON p.reference = o.reference
      WHERE (o.captured_minor, o.refunded_minor) IS DISTINCT FROM (coalesce(p.captured_minor, 0), coalesce(p.refunded_minor, 0))
        OR (o.state = 'paid' AND o.captured_minor <> o.gross_minor) OR (o.state = 'placed' AND o.captured_minor = o.gross_minor)`,
    settled: true,
  },
  {
    says: 'The money of a cancelled order was kept',
    text: `SELECT o.id AS what FROM orders.orders o JOIN payments.payments p ON p.reference = o.reference
      WHERE o.state = 'cancelled' AND (p.captured_minor <> p.refunded_minor OR p.authorised_minor <> p.captured_minor + p.voided_minor)`,
    settled: true,
  },
]
