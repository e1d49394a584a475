/** The end of a chaos run: nothing is left to do, every invariant holds, and whatever was answered is there. */
import { setTimeout as delay } from 'node:timers/promises'
import { brokenInvariants, readCharges } from '#testing/invariants'
import { openWork } from '#testing/open-work'
import { repeatOnce } from './attacks.ts'
import type { Client, Done } from './client.ts'
import type { Stage } from './stage.ts'

const repeatedAtTheEnd = 100
const namedMax = 5

/** Sentences that name what is broken; empty where all is well. */
export async function verdictOn(stage: Stage, client: Client, settleMsMax: number): Promise<string[]> {
  const unsettled = await settled(stage, settleMsMax)
  const step = Math.max(1, Math.floor(client.done.length / repeatedAtTheEnd))
  for (const done of client.done.filter((_, index) => index % step === 0)) await repeatOnce(client, done)
  const open = unsettled.length > 0 ? unsettled : await settled(stage, settleMsMax)
  const charges = await readCharges(stage.providerUrl)
  const deaths = Object.values(stage.programs).flatMap((each) => each.deaths)
  return [
    ...open,
    ...deaths.map((death) => `A process died by itself: ${death}`),
    ...client.violations,
    ...(await brokenInvariants(stage.sql, { charges, settled: true })),
    ...(await missingAnswers(stage, client)),
    ...(await badRebuilds(stage)),
  ]
}

/** What is made again among faults is what was there; that it could not be made would be a fault of ours. */
async function badRebuilds({ sql }: Stage): Promise<string[]> {
  const rows = await sql<{ id: string; what: string }>(
    `SELECT id, coalesce(failure, differences::text) AS what FROM reporting.rebuilds
     WHERE state NOT IN ('swapped', 'compared') OR jsonb_array_length(differences) > 0`,
  )
  return rows.map(({ id, what }) => `The rebuild ${id} failed, or found what differs: ${what.slice(0, 500)}.`)
}

/** Until nothing is open, for a while; then what is. */
async function settled({ sql }: Stage, settleMsMax: number): Promise<string[]> {
  const giveUpAt = performance.now() + settleMsMax
  for (;;) {
    const open = await openWork(sql).catch((error: unknown) => String(error))
    if (open === 0) return []
    if (performance.now() > giveUpAt)
      return [`It did not settle within ${settleMsMax / 1000} seconds: ${open} sagas, jobs or events stay open.`]
    await delay(100)
  }
}

/** One query per operation: `$1` is what was asked and answered as JSON, and its rows are what is not there. */
const promises: Record<string, { says: string; text: string }> = {
  'checkout.complete': {
    says: 'An order that a customer was told of is not there so',
    text: `SELECT d.answer->>'orderId' AS what FROM json_to_recordset($1::json) AS d (answer json)
      LEFT JOIN orders.orders o ON o.id = d.answer->>'orderId'
      WHERE (o.number::text, o.gross_minor::text, o.currency, o.token) IS DISTINCT FROM (d.answer->>'orderNumber',
        d.answer->'total'->>'amountMinor', d.answer->'total'->>'currency', d.answer->>'orderToken')`,
  },
  'checkout.createCart': {
    says: 'A cart that a customer was given is not there',
    text: `SELECT d.answer->>'cartId' AS what FROM json_to_recordset($1::json) AS d (answer json)
      WHERE NOT EXISTS (SELECT FROM checkout.carts c WHERE c.id = d.answer->>'cartId' AND c.token = d.answer->>'token')`,
  },
  'checkout.addLines': {
    says: 'Lines that were put into a cart are not there, or more',
    text: `WITH told AS (SELECT d.answer->>'cartId' AS cart_id, sum(json_array_length(d.answer->'lineIds'))::int AS lines
        FROM json_to_recordset($1::json) AS d (answer json) GROUP BY 1)
      SELECT cart_id AS what FROM told LEFT JOIN checkout.carts c ON c.id = cart_id WHERE c.line_count IS DISTINCT FROM lines`,
  },
  'orders.cancel': {
    says: 'An order that was cancelled is not',
    text: `SELECT d.answer->>'id' AS what FROM json_to_recordset($1::json) AS d (answer json)
      LEFT JOIN orders.orders o ON o.id = d.answer->>'id' WHERE o.state IS DISTINCT FROM 'cancelled'`,
  },
  'fulfilment.ship': {
    says: 'A parcel that was sent is not',
    text: `SELECT d.answer->>'orderId' AS what FROM json_to_recordset($1::json) AS d (answer json)
      LEFT JOIN fulfilment.shipments s ON s.id = d.answer->>'id' WHERE s.state IS DISTINCT FROM 'shipped'`,
  },
  'orders.refund': {
    says: 'Money was given back more or less often than it was said',
    text: `WITH told AS (SELECT d.answer->>'id' AS id, count(*) AS times FROM json_to_recordset($1::json) AS d (answer json) GROUP BY 1),
      asked AS (SELECT order_id AS id, count(*) FILTER (WHERE what = 'refund_requested') AS requests,
        count(*) FILTER (WHERE what IN ('refunded', 'refund_refused')) AS ends FROM orders.order_history WHERE order_id IN
        (SELECT id FROM told) GROUP BY 1)
      SELECT id AS what FROM told LEFT JOIN asked USING (id) WHERE requests IS DISTINCT FROM times OR ends IS DISTINCT FROM times`,
  },
  'inventory.receive': {
    says: 'A delivery that was received is not booked once',
    text: `WITH told AS (SELECT d.input->>'reference' AS reference, (d.answer->>'units')::bigint AS units
        FROM json_to_recordset($1::json) AS d (input json, answer json))
      SELECT reference AS what FROM told LEFT JOIN inventory.receipts r USING (reference) WHERE r.units IS DISTINCT FROM told.units`,
  },
}

async function missingAnswers({ sql }: Stage, { done, unknown }: Client): Promise<string[]> {
  const missing: string[] = []
  for (const [operation, { says, text }] of Object.entries(promises)) {
    const told = done.filter(({ ask }) => ask.operation === operation && !isInDoubt({ ask, unknown }))
    const rows = await sql<{ what: string }>(text, [
      JSON.stringify(told.map(({ ask, answer }) => ({ input: ask.input, answer }))),
    ])
    if (rows.length > 0)
      missing.push(
        `${says}: ${rows
          .slice(0, namedMax)
          .map(({ what }) => what)
          .join('; ')} (${rows.length} in all).`,
      )
  }
  return missing
}

/** Whether something of unknown end was asked of the same cart or order: then its sums may be either way. */
function isInDoubt({ ask, unknown }: Pick<Done, 'ask'> & Pick<Client, 'unknown'>): boolean {
  const subjectOf = (input: any) => (input.cartId ?? input.id) as string | undefined
  const subject = subjectOf(ask.input)
  if (ask.operation !== 'orders.refund' && ask.operation !== 'checkout.addLines') return false
  return unknown.some((other) => other.operation === ask.operation && subjectOf(other.input) === subject)
}
