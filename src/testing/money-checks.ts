/** What must hold of money: of payments, of the ledger, and of both beside the provider's own books. See `check.ts`. */
import type { Check } from './check.ts'
import { completing } from './checkouts.ts'

const sumOf = (kind: string, account: string) =>
  `coalesce(sum(amount_minor) FILTER (WHERE kind = '${kind}' AND account = '${account}'), 0)`

/** What the ledger says was done with each payment. */
export const ledgerSums = `SELECT payment_id, ${sumOf('authorise', 'provider_hold')} AS authorised,
    ${sumOf('capture', 'provider_receivable')} AS captured, ${sumOf('void', 'customer_promise')} AS voided,
    ${sumOf('refund', 'refunds')} AS refunded
  FROM payments.ledger GROUP BY payment_id`

export const moneyChecks: Check[] = [
  {
    says: 'The ledger of a payment does not sum to zero',
    text: `SELECT payment_id || ' ' || currency AS what FROM payments.ledger GROUP BY payment_id, currency HAVING sum(amount_minor) <> 0
      UNION SELECT attempt_id FROM payments.ledger GROUP BY attempt_id HAVING sum(amount_minor) <> 0`,
  },
  {
    says: 'More was captured and voided than authorised, more given back than captured, or the payment says otherwise than its ledger',
    text: `SELECT coalesce(id, payment_id) || ': ' || coalesce(authorised, 0) || ' authorised, ' || coalesce(captured, 0)
        || ' captured, ' || coalesce(voided, 0) || ' voided, ' || coalesce(refunded, 0) || ' given back' AS what
      FROM payments.payments FULL JOIN (${ledgerSums}) AS booked ON payment_id = id
      WHERE captured + voided > authorised OR refunded > captured
        OR (coalesce(authorised, 0), coalesce(captured, 0), coalesce(voided, 0), coalesce(refunded, 0))
          IS DISTINCT FROM (authorised_minor::numeric, captured_minor::numeric, voided_minor::numeric, refunded_minor::numeric)`,
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
    text: `SELECT id AS what FROM payments.payments
      WHERE state IN ('authorising', 'voiding') OR capturing_minor + voiding_minor + refunding_minor <> 0
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
    text: `WITH charge AS (SELECT * FROM json_to_recordset($1::json) AS c
        (key text, status text, "amountMinor" bigint, "capturedMinor" bigint, "voidedMinor" bigint, "refundedMinor" bigint)),
      attempt AS (SELECT a.id AS key, a.status, p.id, p.authorised_minor, p.captured_minor, p.voided_minor, p.refunded_minor
        FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id
        WHERE a.kind = 'authorise' AND a.status IN ('succeeded', 'declined'))
      SELECT coalesce(attempt.id, key) || ': ' || coalesce("capturedMinor", 0) || ' captured, ' || coalesce("voidedMinor", 0)
        || ' voided and ' || coalesce("refundedMinor", 0) || ' given back at the provider' AS what
      FROM attempt FULL JOIN charge USING (key)
      WHERE attempt.status IS DISTINCT FROM charge.status
        OR (authorised_minor, captured_minor, voided_minor, refunded_minor) IS DISTINCT FROM
          (CASE charge.status WHEN 'succeeded' THEN "amountMinor" ELSE 0 END, "capturedMinor", "voidedMinor", "refundedMinor")`,
    settled: true,
  },
]
