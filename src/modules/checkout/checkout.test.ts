/** Buying a cart, over all modules: what it does to the books, and that a refusal leaves nothing behind. */
import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

type Hall = Awaited<ReturnType<typeof startTestHall>>

const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const refused = (reason: string) => ({ data: { reason } })
const card = { source: 'card_ok' }

/** A hall that sells mugs (295p, `mugs` of them in stock), gifts (free, one in stock) and postage (1,800p, no stock). */
async function openHall(distance: 'near' | 'far', mugs = 10): Promise<Hall> {
  const hall = await startTestHall({ distance })
  const variant = (sku: string, amountMinor: number, stocked: boolean) => ({
    code: sku,
    name: `the ${sku}`,
    variants: [{ sku, price: gbp(amountMinor), stocked }],
  })
  const products = [variant('MUG', 295, true), variant('GIFT', 0, true), variant('POST', 1800, false)]
  await hall.calls.catalog.importProducts.mutate({ products })
  const lines = [
    { sku: 'MUG', quantity: mugs },
    { sku: 'GIFT', quantity: 1 },
  ]
  await hall.calls.inventory.receive.mutate({ reference: 'delivery', lines })
  return hall
}

async function fillCart(hall: Hall, lines: { sku: string; quantity: number }[]) {
  const { checkout } = hall.as({ kind: 'guest' })
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
  await checkout.addLines.mutate({ ...cart, lines })
  return cart
}

const mugLevel = async (hall: Hall) => {
  const { levels } = await hall.calls.inventory.levels.query({ skus: ['MUG'] })
  return levels[0]
}

/** Nothing was sold: no order, no money, no stock promised, and the cart is open. */
async function expectNothingSold(hall: Hall, mugs = 10): Promise<void> {
  await hall.settle()
  expect(await mugLevel(hall)).toMatchObject({ onHand: mugs, reserved: 0 })
  expect(await hall.sql('select count(*)::int as orders from orders.orders')).toEqual([{ orders: 0 }])
  expect(await hall.calls.payments.totals.query({ currency: 'GBP' })).toMatchObject({ capturedMinor: 0 })
  const carts = await hall.sql('select state, completing_by from checkout.carts')
  expect(carts).toEqual(carts.map(() => ({ state: 'open', completing_by: null })))
}

describe.each(['near', 'far'] as const)('buying a cart, %s', (distance) => {
  test('a guest buys a cart: stock, money and order agree', async () => {
    await using hall = await openHall(distance)
    const { checkout, orders } = hall.as({ kind: 'guest' })
    const cart = await fillCart(hall, [
      { sku: 'MUG', quantity: 2 },
      { sku: 'POST', quantity: 1 },
      { sku: 'MUG', quantity: 1 },
    ])
    const input = { ...cart, expectedTotal: gbp(2685), payment: card }
    const bought = await checkout.complete.mutate(input, { key: 'once' })
    expect(bought).toMatchObject({ orderNumber: 1001, total: gbp(2685) })
    expect(await checkout.complete.mutate(input, { key: 'once' })).toEqual(bought)
    await expect(checkout.complete.mutate(input, { key: 'twice' })).rejects.toMatchObject(
      refused('checkout.cart_closed'),
    )
    await hall.settle()
    const order = await orders.get.query({ id: bought.orderId, token: bought.orderToken })
    expect(order).toMatchObject({ state: 'paid', total: gbp(2685), lineCount: 3, country: 'GB', customer: null })
    expect(order.lines.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ['MUG', 2],
      ['POST', 1],
      ['MUG', 1],
    ])
    // The mugs leave the house when they are shipped.
    expect(await mugLevel(hall)).toMatchObject({ onHand: 10, reserved: 3 })
    expect(await hall.calls.payments.totals.query({ currency: 'GBP' })).toMatchObject({
      payments: 1,
      capturedMinor: 2685,
    })
    expect(await checkout.getCart.query(cart)).toMatchObject({ state: 'completed', orderId: bought.orderId })
    const attempts = await Promise.allSettled([
      checkout.addLines.mutate({ ...cart, lines: [{ sku: 'MUG', quantity: 1 }] }),
      checkout.setAddress.mutate({ ...cart, address: { country: 'FR' } }),
      checkout.removeLines.mutate({ ...cart, lineIds: [order.lines[0]!.lineId] }),
    ])
    expect(attempts).toMatchObject(attempts.map(() => ({ reason: refused('checkout.cart_closed') })))
  })

  test('a refused purchase leaves nothing behind, and the cart can be bought afterwards', async () => {
    await using hall = await openHall(distance)
    const { checkout } = hall.as({ kind: 'guest' })
    const mugs = (quantity: number) => fillCart(hall, [{ sku: 'MUG', quantity }])
    const cart = await mugs(1)
    const buy = (more: object) => checkout.complete.mutate({ ...cart, expectedTotal: gbp(295), payment: card, ...more })
    await expect(buy({ expectedTotal: gbp(294) })).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'checkout.price_changed' },
      message: expect.stringContaining('295 GBP'),
    })
    const inEuro = { expectedTotal: { amountMinor: 295, currency: 'EUR' } }
    await expect(buy(inEuro)).rejects.toMatchObject(refused('checkout.wrong_currency'))
    for (const special of [{ customer: '1' }, { externalInvoice: '1' }, { orderedAt: '2010-12-01T08:26:00.000Z' }]) {
      await expect(buy(special)).rejects.toMatchObject(refused('checkout.not_allowed'))
    }
    // What is refused before it has changed anything leaves no row.
    expect(await hall.sql('select count(*)::int as sagas from checkout.sagas')).toEqual([{ sagas: 0 }])
    await expect(buy({ payment: { source: 'card_declined' } })).rejects.toMatchObject({
      data: { code: 'PAYMENT_REQUIRED', reason: 'checkout.payment_declined' },
    })
    await expect(buy({ payment: { source: 'no card' } })).rejects.toMatchObject(refused('payments.provider_refused'))
    const greedy = { ...(await mugs(11)), expectedTotal: gbp(11 * 295), payment: card }
    await expect(checkout.complete.mutate(greedy)).rejects.toMatchObject(refused('inventory.out_of_stock'))
    await expectNothingSold(hall)
    expect(await buy({})).toMatchObject({ orderNumber: 1001 })
  })

  test('a cart without lines or address is not bought', async () => {
    await using hall = await openHall(distance)
    const { checkout } = hall.calls
    const cart = await checkout.createCart.mutate({ currency: 'GBP' })
    const input = { ...cart, expectedTotal: gbp(0), payment: card }
    await expect(checkout.complete.mutate(input)).rejects.toMatchObject(refused('checkout.cart_empty'))
    await checkout.addLines.mutate({ ...cart, lines: [{ sku: 'GIFT', quantity: 1 }] })
    await expect(checkout.complete.mutate(input)).rejects.toMatchObject(refused('checkout.address_missing'))
    await expectNothingSold(hall)
  })

  test('an import sets prices, order date, invoice and customer; an invoice is placed once', async () => {
    await using hall = await openHall(distance)
    const { checkout, orders } = hall.calls
    const buy = async (more: { orderedAt: string; externalInvoice: string; customer: string }) => {
      const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'IE' } })
      await checkout.addLines.mutate({ ...cart, lines: [{ sku: 'MUG', quantity: 2, unitPrice: gbp(255) }] })
      return checkout.complete.mutate({ ...cart, expectedTotal: gbp(510), payment: card, ...more })
    }
    const import1 = { orderedAt: '2010-12-01T08:26:00.000Z', externalInvoice: '536365', customer: '17850' }
    const { orderId: id } = await buy(import1)
    expect(await orders.get.query({ id })).toMatchObject({ ...import1, country: 'IE', total: gbp(510) })
    await expect(buy(import1)).rejects.toMatchObject(refused('orders.invoice_exists'))
    hall.clock.set('2026-01-01T00:00:00.000Z')
    const tomorrow = { ...import1, orderedAt: '2026-01-01T00:00:00.001Z', externalInvoice: '536366' }
    await expect(buy(tomorrow)).rejects.toMatchObject(refused('checkout.bad_order_date'))
    await hall.settle()
    expect(await mugLevel(hall)).toMatchObject({ onHand: 10, reserved: 2 })
    // It is booked on the day of the order.
    expect(await hall.calls.payments.totals.query({ currency: 'GBP' })).toMatchObject({
      capturedMinor: 510,
      byDay: [{ day: '2010-12-01', capturedMinor: 510 }],
    })
  })

  test('what is free is not charged, and what is not stocked is not reserved', async () => {
    await using hall = await openHall(distance)
    const { checkout, orders } = hall.calls
    const gift = await fillCart(hall, [{ sku: 'GIFT', quantity: 1 }])
    const free = await checkout.complete.mutate({ ...gift, expectedTotal: gbp(0), payment: card })
    expect(await orders.get.query({ id: free.orderId })).toMatchObject({ state: 'paid', total: gbp(0) })
    const postage = await fillCart(hall, [{ sku: 'POST', quantity: 1 }])
    await checkout.complete.mutate({ ...postage, expectedTotal: gbp(1800), payment: card })
    await hall.settle()
    expect(await hall.sql('select count(*)::int as payments from payments.payments')).toEqual([{ payments: 1 }])
    expect(await hall.sql('select count(*)::int as reserved from inventory.reservations')).toEqual([{ reserved: 1 }])
    expect(await hall.sql(`select count(*)::int as open from checkout.carts where state <> 'completed'`)).toEqual([
      { open: 0 },
    ])
  })
})

test('a cart that is bought twice at once is sold once', async () => {
  await using hall = await openHall('near')
  const cart = await fillCart(hall, [{ sku: 'MUG', quantity: 1 }])
  const input = { ...cart, expectedTotal: gbp(295), payment: card }
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => hall.calls.checkout.complete.mutate(input)))
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.data.reason] : []))
  expect(reasons).toEqual(Array(5).fill('checkout.cart_closed'))
  await hall.settle()
  expect(await mugLevel(hall)).toMatchObject({ onHand: 10, reserved: 1 })
})

test('700 lines are bought at once', async () => {
  await using hall = await openHall('near', 700)
  const cart = await fillCart(
    hall,
    Array.from({ length: 700 }, () => ({ sku: 'MUG', quantity: 1 })),
  )
  const input = { ...cart, expectedTotal: gbp(700 * 295), payment: card }
  const { orderId: id } = await hall.calls.checkout.complete.mutate(input)
  expect(await hall.calls.orders.get.query({ id })).toMatchObject({ lineCount: 700, total: gbp(700 * 295) })
  expect(await mugLevel(hall)).toMatchObject({ onHand: 700, reserved: 700 })
})
