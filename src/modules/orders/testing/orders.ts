/** What the tests of orders share: an order as checkout would place it, and what orders asks of payments. */
import type { TestHall } from '#testing/hall'

export const idOf = (prefix: string, number: number) =>
  `${prefix}_01940000-0000-7000-8000-${String(number).padStart(12, '0')}`

export const lineOf = (number: number, grossMinor = 120) => ({
  lineId: idOf('lin', number),
  sku: `S${number}`,
  name: `thing ${number}`,
  quantity: 2,
  unitPriceMinor: grossMinor / 2,
  grossMinor,
  netMinor: grossMinor,
  taxMinor: 0,
})

type More = { externalInvoice?: string; customer?: string; orderedAt?: string }

/** An order as checkout would place it: each line of 120 pence. */
export const orderOf = (reference: string, lineCount = 1, more: More = {}) => ({
  reference,
  currency: 'GBP',
  address: { country: 'GB', city: 'Leeds' },
  lines: Array.from({ length: lineCount }, (_, index) => lineOf(index + 1)),
  grossMinor: 120 * lineCount,
  taxMinor: 0,
  ...more,
})

/** What was asked of payments by jobs of this name, in the order in which it was asked. */
export async function requestsOf({ sql }: Pick<TestHall, 'sql'>, job: string): Promise<unknown[]> {
  const rows = await sql(
    `select fact->'payload' as payload from orders.journal where name = $1 order by announced_at, id`,
    [job],
  )
  return rows.map(({ payload }) => payload)
}
