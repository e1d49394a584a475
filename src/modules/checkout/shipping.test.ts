/** How a cart is sent: the methods of its country, what they cost, and what becomes of a choice. */
import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const refused = (reason: string) => ({ data: { reason } })

/** Mugs at 295p and postage as a service, sent to Great Britain by post (390p) or courier (900p), to France by post (990p). */
async function open(distance: 'near' | 'far' = 'near'): Promise<TestHall> {
  const hall = await startTestHall({ modules: ['catalog', 'pricing', 'fulfilment', 'checkout'], distance })
  const product = (sku: string, amountMinor: number, stocked: boolean) => ({
    code: sku,
    name: `the ${sku}`,
    variants: [{ sku, price: gbp(amountMinor), stocked }],
  })
  await hall.calls.catalog.importProducts.mutate({ products: [product('MUG', 295, true), product('HELP', 500, false)] })
  await hall.calls.pricing.setTaxRate.mutate({ country: 'GB', basisPoints: 2000 })
  const { saveMethod } = hall.calls.fulfilment
  await saveMethod.mutate({ code: 'post', country: 'GB', name: 'Post', price: gbp(390), position: 1 })
  await saveMethod.mutate({ code: 'courier', country: 'GB', name: 'Courier', price: gbp(900), position: 2 })
  await saveMethod.mutate({ code: 'post', country: 'FR', name: 'Post', price: gbp(990) })
  return hall
}

async function fillCart(hall: TestHall, sku = 'MUG') {
  const { checkout } = hall.as({ kind: 'guest' })
  const cart = await checkout.createCart.mutate({ currency: 'GBP' })
  await checkout.addLines.mutate({ ...cart, lines: [{ sku, quantity: 1 }] })
  return { cart, checkout }
}

describe.each(['near', 'far'] as const)('how a cart is sent, %s', (distance) => {
  test('a guest chooses among the methods of the country, and the price is a part of the total, taxed', async () => {
    await using hall = await open(distance)
    const { cart, checkout } = await fillCart(hall)
    await checkout.setAddress.mutate({ ...cart, address: { country: 'GB' } })
    const { methods } = await checkout.shippingMethods.query(cart)
    expect(methods.map(({ code, price }) => [code, price.amountMinor])).toEqual([
      ['post', 390],
      ['courier', 900],
    ])
    expect(await checkout.getCart.query(cart)).toMatchObject({ shipping: null, total: gbp(295) })
    const chosen = await checkout.setShipping.mutate({ ...cart, method: 'courier' })
    expect(chosen).toEqual({ cartId: cart.cartId, method: 'courier', price: gbp(900) })
    await checkout.setShipping.mutate({ ...cart, method: 'post' })
    expect(await checkout.getCart.query(cart)).toMatchObject({
      shipping: { method: 'post', name: 'Post', grossMinor: 390 },
      total: gbp(685),
      // A sixth of 295 and of 390, each to the penny.
      taxMinor: 49 + 65,
    })
  })

  test('what cannot be chosen is refused', async () => {
    await using hall = await open(distance)
    const { cart, checkout } = await fillCart(hall)
    const choose = (method: string) => checkout.setShipping.mutate({ ...cart, method })
    await expect(checkout.shippingMethods.query(cart)).rejects.toMatchObject(refused('checkout.address_missing'))
    await expect(choose('post')).rejects.toMatchObject(refused('checkout.address_missing'))
    await checkout.setAddress.mutate({ ...cart, address: { country: 'FR' } })
    await expect(choose('courier')).rejects.toMatchObject(refused('checkout.unknown_shipping_method'))
    expect(await hall.sql('SELECT version::int, shipping_method FROM checkout.carts')).toEqual([
      { version: 3, shipping_method: null },
    ])
  })

  test('a method that does not serve the new country is taken out, one that does costs what it costs there', async () => {
    await using hall = await open(distance)
    const { cart, checkout } = await fillCart(hall)
    const sendTo = async (country: string) => {
      await checkout.setAddress.mutate({ ...cart, address: { country } })
      const { shipping, total } = await checkout.getCart.query(cart)
      return [shipping?.method, total.amountMinor]
    }
    await sendTo('GB')
    await checkout.setShipping.mutate({ ...cart, method: 'post' })
    expect(await sendTo('FR')).toEqual(['post', 295 + 990])
    expect(await sendTo('IE')).toEqual([undefined, 295])
    expect(await sendTo('GB')).toEqual(['post', 295 + 390])
    await checkout.setShipping.mutate({ ...cart, method: 'courier' })
    expect(await sendTo('FR')).toEqual([undefined, 295])
  })

  test('where nothing is to be sent there is nothing to choose or to pay', async () => {
    await using hall = await open(distance)
    const { cart, checkout } = await fillCart(hall, 'HELP')
    await checkout.setAddress.mutate({ ...cart, address: { country: 'GB' } })
    expect(await checkout.shippingMethods.query(cart)).toEqual({ methods: [] })
    await checkout.setShipping.mutate({ ...cart, method: 'post' })
    expect(await checkout.getCart.query(cart)).toMatchObject({ shipping: null, total: gbp(500) })
    await checkout.addLines.mutate({ ...cart, lines: [{ sku: 'MUG', quantity: 1 }] })
    expect(await checkout.getCart.query(cart)).toMatchObject({ shipping: { method: 'post' }, total: gbp(1185) })
  })
})

test('a full cart is sent too', async () => {
  await using hall = await open()
  const { cart, checkout } = await fillCart(hall)
  await checkout.addLines.mutate({ ...cart, lines: Array.from({ length: 999 }, () => ({ sku: 'MUG', quantity: 1 })) })
  await checkout.setAddress.mutate({ ...cart, address: { country: 'GB' } })
  await checkout.setShipping.mutate({ ...cart, method: 'post' })
  expect(await checkout.getCart.query(cart)).toMatchObject({ total: gbp(295_000 + 390) })
})
