/** Carts through their client: what is in them, what it costs, and what is refused. */
import { startTestHall } from '#testing/hall'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

type Hall = Awaited<ReturnType<typeof startTestHall>>

const seed = 20_101_201
const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const refused = (reason: string) => ({ data: { reason } })
const wrongToken = 'tok_01940000-0000-7000-8000-000000000000'
const prices = { MUG: 295, LAMP: 1695, POST: 1800 }

async function importGoods(hall: Hall): Promise<void> {
  const products = Object.entries(prices).map(([sku, amountMinor]) => ({
    code: sku,
    name: `the ${sku}`,
    variants: [{ sku, price: gbp(amountMinor), stocked: sku !== 'POST' }],
  }))
  await hall.calls.catalog.importProducts.mutate({ products })
  await hall.calls.pricing.setTaxRate.mutate({ country: 'GB', basisPoints: 2000 })
}

describe.each(['near', 'far'] as const)('carts, %s', (distance) => {
  async function open() {
    const hall = await startTestHall({ modules: ['catalog', 'pricing', 'checkout'], distance })
    await importGoods(hall)
    return hall
  }

  test('a cart costs what its lines cost; the same SKU may stand twice, and lines keep their order', async () => {
    await using hall = await open()
    const { checkout } = hall.as({ kind: 'guest' })
    const cart = await checkout.createCart.mutate({ currency: 'GBP' })
    const lines = [
      { sku: 'mug', quantity: 2 },
      { sku: 'POST', quantity: 1 },
      { sku: 'MUG', quantity: 3 },
    ]
    const { lineIds, lineCount } = await checkout.addLines.mutate({ ...cart, lines })
    expect(lineCount).toBe(3)
    const untaxed = await checkout.getCart.query(cart)
    expect(untaxed).toMatchObject({ state: 'open', address: null, orderId: null, total: gbp(3275), taxMinor: 0 })
    expect(untaxed.lines.map(({ lineId, sku, quantity, grossMinor }) => [lineId, sku, quantity, grossMinor])).toEqual([
      [lineIds[0], 'MUG', 2, 590],
      [lineIds[1], 'POST', 1, 1800],
      [lineIds[2], 'MUG', 3, 885],
    ])
    await checkout.setAddress.mutate({ ...cart, address: { country: 'GB' } })
    expect(await checkout.getCart.query(cart)).toMatchObject({ total: gbp(3275), taxMinor: 546 })
    const taken = [lineIds[0]!, lineIds[0]!, wrongToken.replace('tok', 'lin')]
    expect(await checkout.removeLines.mutate({ ...cart, lineIds: taken })).toMatchObject({ lineCount: 2 })
    expect(await checkout.removeLines.mutate({ ...cart, lineIds: taken })).toMatchObject({ lineCount: 2 })
    expect(await checkout.getCart.query(cart)).toMatchObject({
      total: gbp(2685),
      lines: [{ sku: 'POST' }, { sku: 'MUG' }],
    })
  })

  test('totals are the sums of lines, and the tax is part of them', async () => {
    await using hall = await open()
    const line = fc.record({
      sku: fc.constantFrom('MUG', 'LAMP', 'POST'),
      quantity: fc.integer({ min: 1, max: 1000 }),
      unitPrice: fc.option(fc.integer({ min: 0, max: 100_000 }).map(gbp), { nil: undefined }),
    })
    const property = fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 12 }), async (lines) => {
      const cart = await hall.calls.checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
      const given = lines.map(({ unitPrice, ...rest }) => (unitPrice ? { ...rest, unitPrice } : rest))
      await hall.calls.checkout.addLines.mutate({ ...cart, lines: given })
      const view = await hall.calls.checkout.getCart.query(cart)
      const grosses = lines.map(({ sku, quantity, unitPrice }) => quantity * (unitPrice?.amountMinor ?? prices[sku]))
      expect(view.lines.map(({ grossMinor }) => grossMinor)).toEqual(grosses)
      expect(view.total).toEqual(gbp(grosses.reduce((sum, gross) => sum + gross, 0)))
      expect(view.taxMinor).toBe(Math.floor(view.total.amountMinor / 6 + 0.5))
    })
    await fc.assert(property, { seed, numRuns: 15 })
  })

  test('an empty cart costs nothing', async () => {
    await using hall = await open()
    const cart = await hall.calls.checkout.createCart.mutate({ currency: 'GBP' })
    expect(await hall.calls.checkout.getCart.query(cart)).toMatchObject({ lines: [], total: gbp(0), taxMinor: 0 })
  })

  test('a cart holds 1,000 lines, also when they come at once, and not one more', async () => {
    await using hall = await open()
    const { checkout } = hall.calls
    const cart = await checkout.createCart.mutate({ currency: 'GBP' })
    const some = (count: number) => ({
      ...cart,
      lines: Array.from({ length: count }, () => ({ sku: 'MUG', quantity: 1 })),
    })
    const results = await Promise.allSettled([700, 300, 300].map((count) => checkout.addLines.mutate(some(count))))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await checkout.addLines
      .mutate(some(1000 - (await checkout.getCart.query(cart)).lines.length))
      .catch(() => undefined)
    await expect(checkout.addLines.mutate(some(1))).rejects.toMatchObject(refused('checkout.too_many_lines'))
    expect(await hall.sql('select line_count from checkout.carts')).toEqual([{ line_count: 1000 }])
    expect(await hall.sql('select count(*)::int as lines from checkout.cart_lines')).toEqual([{ lines: 1000 }])
  })

  test('a line that is refused adds no line, and leaves no row', async () => {
    await using hall = await open()
    const { checkout } = hall.calls
    const cart = await checkout.createCart.mutate({ currency: 'GBP' })
    const mug = { sku: 'MUG', quantity: 1 }
    const add = (lines: Parameters<typeof checkout.addLines.mutate>[0]['lines'], ref = cart) =>
      checkout.addLines.mutate({ ...ref, lines })
    await expect(add([mug, { sku: 'NO1', quantity: 1 }])).rejects.toMatchObject({
      data: { reason: 'checkout.unknown_sku' },
      message: expect.stringContaining('NO1'),
    })
    await expect(add([mug], { ...cart, token: wrongToken })).rejects.toMatchObject(refused('checkout.unknown_cart'))
    const inEuro = { ...mug, unitPrice: { amountMinor: 5, currency: 'EUR' } }
    await expect(add([inEuro])).rejects.toMatchObject(refused('checkout.wrong_currency'))
    await expect(add([mug, inEuro])).rejects.toMatchObject(refused('checkout.wrong_currency'))
    const agreed = { ...cart, lines: [{ ...mug, unitPrice: gbp(1) }] }
    await expect(hall.as({ kind: 'guest' }).checkout.addLines.mutate(agreed)).rejects.toMatchObject({
      data: { code: 'FORBIDDEN', reason: 'checkout.price_not_allowed' },
    })
    expect(await hall.sql('select count(*)::int as sagas from checkout.sagas')).toEqual([{ sagas: 0 }])
    expect(await hall.sql('select line_count, version::int as version from checkout.carts')).toEqual([
      { line_count: 0, version: 1 },
    ])
  })

  test('only the holder of its token sees or changes a cart', async () => {
    await using hall = await open()
    const { checkout } = hall.calls
    const { cartId } = await checkout.createCart.mutate({ currency: 'GBP' })
    const cart = { cartId, token: wrongToken }
    const lineIds = [wrongToken.replace('tok', 'lin')]
    const attempts = [
      checkout.getCart.query(cart),
      checkout.setAddress.mutate({ ...cart, address: { country: 'GB' } }),
      checkout.removeLines.mutate({ ...cart, lineIds }),
      checkout.complete.mutate({ ...cart, expectedTotal: gbp(0), payment: { source: 'card_ok' } }),
    ]
    for (const result of await Promise.allSettled(attempts)) {
      expect(result).toMatchObject({ reason: { data: { code: 'NOT_FOUND', reason: 'checkout.unknown_cart' } } })
    }
  })

  test('adding lines again under the same key adds nothing', async () => {
    await using hall = await open()
    const { checkout } = hall.calls
    const cart = await checkout.createCart.mutate({ currency: 'GBP' })
    const input = { ...cart, lines: [{ sku: 'MUG', quantity: 1 }] }
    const first = await checkout.addLines.mutate(input, { key: 'once' })
    expect(await checkout.addLines.mutate(input, { key: 'once' })).toEqual(first)
    expect((await checkout.getCart.query(cart)).lines).toHaveLength(1)
  })
})
