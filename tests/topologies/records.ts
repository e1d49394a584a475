/** The suite's last chapter: what modules tell of each other's doings, once all has come to rest. */
import { eventually } from '#testing/eventually'
import { describe, expect, test } from 'vitest'
import type { HallCalls } from '../../src/commands/hall-calls.ts'
import { moduleNames } from '../../src/modules.ts'
import type { Shop } from './shop.ts'

export function testRecords(shop: () => Shop): void {
  describe('in the end', () => {
    test('the report says what the orders say', () => reportsWhatWasSold(shop()))

    test('an order’s trace leads through all modules that had to do with it', async () => {
      const { owner } = shop()
      const order = (await allOrders(owner)).find(({ state }) => state === 'shipped')!
      const { entries, missing } = await owner.audit.trace.query({ about: order.id })
      expect(missing).toEqual([])
      const modules = new Set(entries.map(({ module }) => module))
      expect([...modules].toSorted()).toEqual(
        expect.arrayContaining(['checkout', 'fulfilment', 'inventory', 'orders', 'payments']),
      )
    })

    test('the record of who did what is whole, and nothing has failed for good', async () => {
      const { owner } = shop()
      const verdict = await eventually(
        () => owner.audit.verify.query({}),
        ({ behind }) => behind === 0,
      )
      expect(verdict).toMatchObject({ intact: true, firstBroken: null })
      expect(verdict.entries).toBeGreaterThan(0)
      for (const module of moduleNames) expect(await owner[module].deadList.query({})).toEqual({ dead: [] })
    })
  })
}

async function allOrders({ orders }: HallCalls) {
  const found: Awaited<ReturnType<typeof orders.list.query>>['items'] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await orders.list.query({ limit: 5, ...(cursor !== undefined && { cursor }) })
    found.push(...page.items)
    cursor = page.nextCursor
  }
  return found
}

async function reportsWhatWasSold({ owner }: Shop): Promise<void> {
  const sold = (await allOrders(owner)).filter(({ state }) => state !== 'cancelled')
  const days = sold.map(({ orderedAt }) => orderedAt.slice(0, 10)).toSorted()
  const range = { from: days[0]!, to: days.at(-1)!, currency: 'GBP' }
  const expected = {
    orders: sold.length,
    grossMinor: sold.reduce((sum, { total }) => sum + total.amountMinor, 0),
    refundedMinor: sold.reduce((sum, { refundedMinor }) => sum + refundedMinor, 0),
  }
  const sales = await eventually(
    () => owner.reporting.sales.query(range),
    ({ behind }) => behind === 0,
  )
  expect(sales).toMatchObject(expected)
  expect(expected.refundedMinor).toBeGreaterThan(0)
  expect((await owner.reporting.countries.query(range)).countries).toEqual([
    { country: 'GB', orders: expected.orders, grossMinor: expected.grossMinor },
  ])
  const { products } = await owner.reporting.products.query(range)
  expect(products.find(({ sku }) => sku === 'VASE')).toMatchObject({ orders: 1, units: 1, grossMinor: 4900 })
}
