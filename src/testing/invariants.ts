/**
 * The one invariant checker: what must hold under kill -9 at any instant, slow providers and double clicks, read from the
 * tables alone, as the database's owner.
 *
 *     await hall.settle()
 *     expect(await brokenInvariants(hall.sql, { charges: await readCharges(hall.paymentsUrl), settled: true })).toEqual([])
 */
import type { Check } from './check.ts'
import { eventChecks } from './event-checks.ts'
import { chargeChecks, moneyChecks } from './money-checks.ts'
import { orderChecks } from './order-checks.ts'
import { stockChecks } from './stock-checks.ts'

/** An authorisation as the provider lists it, with what was captured, voided and given back of it. Amounts in minor units. */
export type Charge = {
  key: string
  status: string
  amountMinor: number
  currency: string
  capturedMinor: number
  voidedMinor: number
  refundedMinor: number
}

type Sql = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>

const namedMax = 5

/**
 * Sentences that name what is broken, with ids; empty where all holds. Without `settled` only what holds at any instant
 * is looked at. Read `charges` first: what the provider charges later has its row by then, but is not among them.
 */
export async function brokenInvariants(
  sql: Sql,
  { charges, settled = false }: { charges?: readonly Charge[]; settled?: boolean } = {},
): Promise<string[]> {
  const ofTables = [...stockChecks, ...moneyChecks, ...orderChecks, ...eventChecks]
  const wanted = (check: Check) => settled || check.settled !== true
  const broken: string[] = []
  for (const check of ofTables.filter(wanted)) broken.push(...sentence(check, await sql(check.text)))
  if (charges === undefined) return broken
  for (const check of chargeChecks.filter(wanted))
    broken.push(...sentence(check, await sql(check.text, [JSON.stringify(charges)])))
  return broken
}

function sentence({ says }: Check, rows: Record<string, unknown>[]): string[] {
  if (rows.length === 0) return []
  const named = rows.slice(0, namedMax).map(({ what }) => String(what))
  const more = rows.length > namedMax ? `; and ${rows.length - namedMax} more` : ''
  return [`${says}: ${named.join('; ')}${more}.`]
}

/** Every charge of the provider's sandbox. */
export async function readCharges(paymentsUrl: string): Promise<Charge[]> {
  const charges: Charge[] = []
  for (let after: string | null = ''; after !== null;) {
    const response = await fetch(`${paymentsUrl}/v1/charges?limit=1000&after=${encodeURIComponent(after)}`)
    if (!response.ok) throw new Error(`The provider answered ${response.status} when it was asked for its charges.`)
    const page = (await response.json()) as { charges: Charge[]; next: string | null }
    charges.push(...page.charges)
    after = page.next
  }
  return charges
}
