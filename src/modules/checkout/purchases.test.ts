/** What a purchase demands of a cart, whose order it becomes, and what happens to those who do two things at once. */
import { startTestHall, type TestHall } from '#testing/hall'
import type { Actor } from '#platform/values'
import { describe, expect, test } from 'vitest'

const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const refused = (reason: string) => ({ data: { reason } })
const guest: Actor = { kind: 'guest' }
const customer: Actor = { kind: 'customer', id: 'acc_01940000-0000-7000-8000-000000000000' }
type Ref = { cartId: string; token?: string }

/** Mugs at 295p, plenty in stock, and help at 500p, which is not sent. Great Britain is reached by post, for 390p. */
async function open(distance: 'near' | 'far' = 'near'): Promise<TestHall> {
  const hall = await startTestHall({ distance })
  const product = (sku: string, amountMinor: number, stocked: boolean) => ({
    code: sku,
    name: `the ${sku}`,
    variants: [{ sku, price: gbp(amountMinor), stocked }],
  })
  await hall.calls.catalog.importProducts.mutate({ products: [product('MUG', 295, true), product('HELP', 500, false)] })
  await hall.calls.inventory.receive.mutate({ reference: 'delivery', lines: [{ sku: 'MUG', quantity: 1000 }] })
  await hall.calls.fulfilment.saveMethod.mutate({ code: 'post', country: 'GB', name: 'Post', price: gbp(390) })
  return hall
}

async function fillCart(
  hall: TestHall,
  { country = 'GB', sku = 'MUG', actor = guest }: { country?: string; sku?: string; actor?: Actor } = {},
) {
  const { checkout } = hall.as(actor)
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country } })
  await checkout.addLines.mutate({ ...cart, lines: [{ sku, quantity: 1 }] })
  return cart
}

const buy = (hall: TestHall, cart: Ref, { total, actor = guest }: { total: number; actor?: Actor }) =>
  hall.as(actor).checkout.complete.mutate({ ...cart, expectedTotal: gbp(total), payment: { source: 'card_ok' } })

const reasonsOf = (results: PromiseSettledResult<unknown>[]): string[] =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason.data.reason as string] : []))

describe.each(['near', 'far'] as const)('purchases, %s', (distance) => {
  test('a guest chooses how the goods are sent before they are bought, and the order says so', async () => {
    await using hall = await open(distance)
    const cart = await fillCart(hall)
    await expect(buy(hall, cart, { total: 295 })).rejects.toMatchObject({
      data: { code: 'PRECONDITION_FAILED', reason: 'checkout.shipping_missing' },
      message: expect.stringContaining('post'),
    })
    await hall.as(guest).checkout.setShipping.mutate({ ...cart, method: 'post' })
    await expect(buy(hall, cart, { total: 295 })).rejects.toMatchObject(refused('checkout.price_changed'))
    const { orderId: id, orderToken: token } = await buy(hall, cart, { total: 685 })
    expect(await hall.as(guest).orders.get.query({ id, token })).toMatchObject({
      total: gbp(685),
      shipping: { method: 'post', name: 'Post', grossMinor: 390 },
    })
    await hall.settle()
    expect(await hall.calls.payments.totals.query({ currency: 'GBP' })).toMatchObject({ capturedMinor: 685 })
  })

  test('a dearer method is confirmed again, and one that was taken away is chosen again', async () => {
    await using hall = await open(distance)
    const cart = await fillCart(hall)
    await hall.as(guest).checkout.setShipping.mutate({ ...cart, method: 'post' })
    const { saveMethod, removeMethod } = hall.calls.fulfilment
    await saveMethod.mutate({ code: 'post', country: 'GB', name: 'Post', price: gbp(490) })
    await expect(buy(hall, cart, { total: 685 })).rejects.toMatchObject(refused('checkout.price_changed'))
    await saveMethod.mutate({ code: 'courier', country: 'GB', name: 'Courier', price: gbp(900) })
    await removeMethod.mutate({ code: 'post', country: 'GB' })
    await expect(buy(hall, cart, { total: 785 })).rejects.toMatchObject(refused('checkout.unknown_shipping_method'))
    await hall.as(guest).checkout.setShipping.mutate({ ...cart, method: 'courier' })
    expect(await buy(hall, cart, { total: 1195 })).toMatchObject({ total: gbp(1195) })
  })

  test('no method is asked for where there is none, where nothing is sent, or of who agrees on prices', async () => {
    await using hall = await open(distance)
    await buy(hall, await fillCart(hall, { country: 'IE' }), { total: 295 })
    await buy(hall, await fillCart(hall, { sku: 'HELP' }), { total: 500 })
    const cart = await fillCart(hall)
    const agent: Actor = { kind: 'service', id: 'key_1', permissions: ['orders:price'] }
    await buy(hall, cart, { total: 295, actor: agent })
  })

  test('what is no longer published is not sold, and what has no price in the currency neither', async () => {
    await using hall = await open(distance)
    const cart = await fillCart(hall, { country: 'IE' })
    const { checkout } = hall.as(guest)
    await hall.calls.catalog.setStatus.mutate({ code: 'MUG', status: 'draft' })
    const notForSale = refused('checkout.not_for_sale')
    await expect(buy(hall, cart, { total: 295 })).rejects.toMatchObject(notForSale)
    expect(await checkout.getCart.query(cart)).toMatchObject({
      lines: [{ sku: 'MUG', quantity: 1, unitPrice: gbp(295), grossMinor: 0, problem: 'not_available' }],
      total: gbp(0),
    })
    const line = { sku: 'MUG', quantity: 1 }
    await expect(checkout.addLines.mutate({ ...cart, lines: [line] })).rejects.toMatchObject(notForSale)
    await hall.calls.catalog.setStatus.mutate({ code: 'MUG', status: 'published' })
    await buy(hall, cart, { total: 295 })
    const inEuro = await checkout.createCart.mutate({ currency: 'EUR' })
    const adding = () => checkout.addLines.mutate({ ...inEuro, lines: [line] })
    await expect(adding()).rejects.toMatchObject(refused('checkout.wrong_currency'))
    await hall.calls.catalog.setPrice.mutate({ sku: 'MUG', price: { amountMinor: 350, currency: 'EUR' } })
    await adding()
    expect(await checkout.getCart.query(inEuro)).toMatchObject({ total: { amountMinor: 350, currency: 'EUR' } })
  })

  test('a cart whose line cannot be bought any more shows why, and is bought without it', async () => {
    await using hall = await open(distance)
    const cart = await fillCart(hall, { country: 'IE' })
    const { checkout } = hall.as(guest)
    await checkout.addLines.mutate({ ...cart, lines: [{ sku: 'HELP', quantity: 1 }] })
    await hall.calls.catalog.setStatus.mutate({ code: 'MUG', status: 'draft' })
    const { lines, total } = await checkout.getCart.query(cart)
    expect(lines.map(({ sku, problem }) => [sku, problem])).toEqual([
      ['MUG', 'not_available'],
      ['HELP', undefined],
    ])
    expect(total).toEqual(gbp(500))
    await expect(buy(hall, cart, { total: 500 })).rejects.toMatchObject(refused('checkout.not_for_sale'))
    const lineIds = lines.flatMap(({ lineId, problem }) => (problem ? [lineId] : []))
    await checkout.removeLines.mutate({ ...cart, lineIds })
    await buy(hall, cart, { total: 500 })
  })

  test('an order is its customer’s, whether bought signed in or with the cart’s token', async () => {
    await using hall = await open(distance)
    const signedIn = await fillCart(hall, { country: 'IE', actor: customer })
    const { cartId } = signedIn
    const first = await buy(hall, { cartId }, { total: 295, actor: customer })
    const byToken = await fillCart(hall, { country: 'IE', actor: customer })
    const second = await buy(hall, byToken, { total: 295 })
    const taken = await fillCart(hall, { country: 'IE' })
    await hall.as(customer).checkout.merge.mutate(taken)
    const third = await buy(hall, { cartId: taken.cartId }, { total: 295, actor: customer })
    const { items } = await hall.as(customer).orders.mine.query({})
    expect(items.map(({ id }) => id)).toEqual([third, second, first].map(({ orderId }) => orderId))
    expect(await hall.as(customer).checkout.mine.query({})).toEqual({ cartId: null })
  })
})

test('a cart is either merged or bought, and its line is in one place', async () => {
  await using hall = await open()
  await fillCart(hall, { country: 'IE', actor: customer })
  const carts = await Promise.all(Array.from({ length: 8 }, () => fillCart(hall, { country: 'IE' })))
  const both = carts.map(async (cart) => {
    const [merged, bought] = await Promise.allSettled([
      hall.as(customer).checkout.merge.mutate(cart),
      buy(hall, cart, { total: 295 }),
    ])
    expect(reasonsOf([merged, bought])).toHaveLength(1)
    return merged.status === 'fulfilled' ? reasonsOf([bought]) : reasonsOf([merged])
  })
  const refusals = (await Promise.all(both)).flat()
  const expected = ['checkout.cart_closed', 'checkout.unknown_cart']
  expect(refusals.filter((reason) => !expected.includes(reason))).toEqual([])
  await hall.settle()
  const bought = refusals.filter((reason) => reason === 'checkout.cart_closed').length
  const { cartId } = await hall.as(customer).checkout.mine.query({})
  const { lines } = await hall.as(customer).checkout.getCart.query({ cartId: cartId! })
  expect(lines).toHaveLength(1 + carts.length - bought)
  expect(await hall.sql('SELECT count(*)::int AS orders FROM orders.orders')).toEqual([{ orders: bought }])
})

test('a cart that is changed while it is bought is sold as it was seen, or not at all', async () => {
  await using hall = await open()
  const carts = await Promise.all(Array.from({ length: 8 }, () => fillCart(hall, { country: 'IE' })))
  const { checkout } = hall.as(guest)
  const lines = [{ sku: 'MUG', quantity: 1 }]
  const [bought, added] = await Promise.all([
    Promise.allSettled(carts.map((cart) => buy(hall, cart, { total: 295 }))),
    Promise.allSettled(carts.map((cart) => checkout.addLines.mutate({ ...cart, lines }))),
  ])
  // Each pair ends in one of two ways.
  expect(bought.map((result, index) => reasonsOf([result, added[index]!]))).toEqual(
    bought.map(({ status }) => [status === 'fulfilled' ? 'checkout.cart_closed' : 'checkout.price_changed']),
  )
  await hall.settle()
  const sold = await hall.sql('SELECT gross_minor::int AS gross FROM orders.orders')
  expect(sold).toEqual(bought.flatMap(({ status }) => (status === 'fulfilled' ? [{ gross: 295 }] : [])))
})
