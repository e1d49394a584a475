/**
 * What must hold of stock, money and orders, each as a query that answers what breaks it: `what` names a row.
 *
 * Sums over ledgers, not single rows, so that they go on to fit when payments are split and goods come back. Only tests
 * may look across schemas like this.
 */

/** A query whose every row is a violation. `settled`: it holds only once nothing is under way. */
export type Check = { says: string; text: string; settled?: true }

const completing = `SELECT id, state, pivoted, input->>'cartId' AS cart, answer, failure FROM checkout.sagas WHERE operation = 'checkout.complete'`

const ledgerSums = `SELECT payment_id,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'authorise' AND account = 'provider_hold'), 0) AS authorised,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'capture' AND account = 'provider_receivable'), 0) AS captured,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'void' AND account = 'customer_promise'), 0) AS voided
  FROM payments.ledger GROUP BY payment_id`

export const stockChecks: Check[] = [
  {
    says: 'On hand is not what the stock ledger adds up to, or below zero',
    text: `WITH booked AS (SELECT sku, sum(delta) AS units FROM inventory.stock_ledger GROUP BY sku)
      SELECT sku || ': ' || coalesce(on_hand, 0) || ' on hand, ' || coalesce(units, 0) || ' booked' AS what
      FROM inventory.stock FULL JOIN booked USING (sku)
      WHERE coalesce(on_hand, 0) <> coalesce(units, 0) OR on_hand < 0`,
  },
  {
    says: 'Reserved is not what the open reservations add up to, or more than is on hand',
    text: `WITH promised AS (SELECT sku, sum(quantity) AS units FROM inventory.reservation_lines
        JOIN inventory.reservations ON id = reservation_id WHERE state = 'open' GROUP BY sku)
      SELECT sku || ': ' || coalesce(reserved, 0) || ' reserved, ' || coalesce(units, 0) || ' promised, '
        || coalesce(on_hand, 0) || ' on hand' AS what
      FROM inventory.stock FULL JOIN promised USING (sku)
      WHERE coalesce(reserved, 0) <> coalesce(units, 0) OR coalesce(units, 0) > coalesce(on_hand, 0)`,
  },
  {
    says: 'What a reservation committed is not what left the stock',
    text: `WITH committed AS (SELECT reference, sku, quantity FROM inventory.reservation_lines
        JOIN inventory.reservations ON id = reservation_id WHERE state = 'committed'),
      departed AS (SELECT reference, sku, -delta AS units FROM inventory.stock_ledger WHERE kind = 'commit')
      SELECT reference || ' ' || sku AS what FROM committed FULL JOIN departed USING (reference, sku)
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

export const moneyChecks: Check[] = [
  {
    says: 'The ledger of a payment does not sum to zero',
    text: `SELECT payment_id || ' ' || currency AS what FROM payments.ledger GROUP BY payment_id, currency HAVING sum(amount_minor) <> 0
      UNION SELECT attempt_id FROM payments.ledger GROUP BY attempt_id HAVING sum(amount_minor) <> 0`,
  },
  {
    says: 'More was captured and voided than authorised, or the payment says otherwise than its ledger',
    text: `SELECT coalesce(id, payment_id) || ': ' || coalesce(authorised, 0) || ' authorised, ' || coalesce(captured, 0)
        || ' captured, ' || coalesce(voided, 0) || ' voided' AS what
      FROM payments.payments FULL JOIN (${ledgerSums}) AS booked ON payment_id = id
      WHERE captured + voided > authorised
        OR (coalesce(authorised, 0), coalesce(captured, 0), coalesce(voided, 0))
          IS DISTINCT FROM (authorised_minor::numeric, captured_minor::numeric, voided_minor::numeric)`,
  },
  {
    says: 'A ledger entry fits no attempt',
    text: `SELECT l.attempt_id || ' ' || l.account AS what FROM payments.ledger l LEFT JOIN payments.attempts a ON a.id = l.attempt_id
      WHERE (a.payment_id, a.kind, a.amount_minor, a.currency) IS DISTINCT FROM (l.payment_id, l.kind, abs(l.amount_minor), l.currency)`,
  },
  {
    says: 'A payment belongs to no checkout',
    text: `SELECT id AS what FROM payments.payments p WHERE NOT EXISTS (SELECT FROM (${completing}) s WHERE s.id = p.reference)`,
  },
  {
    says: 'A payment or an attempt has no outcome yet',
    text: `SELECT id AS what FROM payments.payments WHERE state NOT IN ('declined', 'captured', 'voided')
      UNION ALL SELECT id FROM payments.attempts WHERE status IS NULL`,
    settled: true,
  },
]

/** `$1`: the provider's charges as JSON. */
export const chargeChecks: Check[] = [
  {
    says: 'The provider has a charge without a row',
    text: `SELECT c.key AS what FROM json_to_recordset($1::json) AS c (key text, "amountMinor" bigint, currency text)
      LEFT JOIN payments.attempts a ON a.id = c.key AND a.kind = 'authorise'
      WHERE (a.amount_minor, a.currency) IS DISTINCT FROM (c."amountMinor", c.currency)`,
  },
  {
    says: 'A payment is not what the provider charged',
    text: `WITH charge AS (SELECT * FROM json_to_recordset($1::json)
        AS c (key text, status text, "amountMinor" bigint, "capturedMinor" bigint, "voidedMinor" bigint)),
      attempt AS (SELECT a.id AS key, a.status, p.id, p.authorised_minor, p.captured_minor, p.voided_minor
        FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id
        WHERE a.kind = 'authorise' AND a.status IN ('succeeded', 'declined'))
      SELECT coalesce(attempt.id, key) || ': ' || coalesce("capturedMinor", 0) || ' captured and ' || coalesce("voidedMinor", 0)
        || ' voided at the provider' AS what
      FROM attempt FULL JOIN charge USING (key)
      WHERE attempt.status IS DISTINCT FROM charge.status
        OR (authorised_minor, captured_minor, voided_minor) IS DISTINCT FROM
          (CASE charge.status WHEN 'succeeded' THEN "amountMinor" ELSE 0 END, "capturedMinor", "voidedMinor")`,
    settled: true,
  },
]

export const orderChecks: Check[] = [
  {
    says: 'A completed checkout has no order that is what it answered',
    text: `SELECT s.id AS what FROM (${completing}) s LEFT JOIN orders.orders o ON o.reference = s.id
      WHERE s.state = 'done' AND (o.id, o.number::text, o.gross_minor::text, o.currency) IS DISTINCT FROM
        (s.answer->>'orderId', s.answer->>'orderNumber', s.answer->'total'->>'amountMinor', s.answer->'total'->>'currency')`,
  },
  {
    says: 'A completed checkout is not paid as its total says',
    text: `SELECT s.id || ': ' || o.gross_minor || ' ' || o.currency AS what FROM (${completing}) s JOIN orders.orders o ON o.reference = s.id
      WHERE s.state = 'done' AND o.gross_minor <> (SELECT coalesce(sum(captured), 0) FROM (${ledgerSums}) AS booked
        JOIN payments.payments p ON p.id = payment_id WHERE p.reference = s.id AND p.currency = o.currency)`,
  },
  {
    says: 'A completed checkout did not take its stocked lines off the stock',
    text: `WITH bought AS (SELECT o.reference, l.sku, sum(l.quantity) AS units FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
        JOIN catalog.variants v ON v.sku = l.sku AND v.stocked JOIN (${completing}) s ON s.id = o.reference AND s.state = 'done'
        GROUP BY o.reference, l.sku),
      departed AS (SELECT t.reference, t.sku, -t.delta AS units FROM inventory.stock_ledger t
        LEFT JOIN (${completing}) s ON s.id = t.reference WHERE t.kind = 'commit' AND coalesce(s.state, '') NOT IN ('running', 'parked'))
      SELECT reference || ' ' || sku AS what FROM bought FULL JOIN departed USING (reference, sku)
      WHERE bought.units IS DISTINCT FROM departed.units`,
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
    says: 'An order is not the sum of its lines',
    text: `SELECT o.id AS what FROM orders.orders o LEFT JOIN orders.order_lines l ON l.order_id = o.id GROUP BY o.id
      HAVING (o.gross_minor::numeric, o.tax_minor::numeric, o.line_count) IS DISTINCT FROM
        (sum(l.gross_minor), sum(l.tax_minor), count(l.position)::int)`,
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
    says: 'An order and its payment do not agree on whether it is paid',
    text: `SELECT o.id || ' is ' || o.state AS what FROM orders.orders o LEFT JOIN payments.payments p ON p.reference = o.reference
      WHERE (o.state = 'paid') IS DISTINCT FROM (o.gross_minor = 0 OR coalesce(p.captured_minor, 0) = o.gross_minor)`,
    settled: true,
  },
]
