/** What only customers have, and what is sent to them: carts of their own, holds, shipping methods, orders. */
import type { Lockstep } from '../lockstep.ts'
import { asCustomer, asGuest, buying, expectRefusal, expectRefusals, gbp, openCart, service, unknown } from './words.ts'

const france = { country: 'FR' }

export async function offerShipping(halls: Lockstep): Promise<void> {
  const post = { code: 'post', country: 'FR', name: 'By post', price: gbp(399), position: 2 }
  const more = { key: 'the post goes to France' }
  await halls.answer('fulfilment.saveMethod', post, more)
  await halls.answer('fulfilment.saveMethod', post, more)
  await halls.answer('fulfilment.saveMethod', { ...post, name: 'By slow post', price: gbp(350) })
  await halls.answer('fulfilment.saveMethod', { ...post, code: 'courier', name: 'By courier', position: 1 })
  await halls.answer('fulfilment.saveMethod', { ...post, code: 'pigeon', name: 'By pigeon' })
  await halls.answer('fulfilment.methods', { country: 'FR', currency: 'GBP' }, asGuest)
  await halls.answer('fulfilment.methods', { country: 'XX', currency: 'GBP' }, asGuest)
  const cart = await openCart(halls, [{ sku: 'LAMP', quantity: 1 }], france)
  await halls.answer('checkout.shippingMethods', cart, asGuest)
  const total = gbp(1999)
  await expectRefusal(halls, 'checkout.shipping_missing', {
    path: 'checkout.complete',
    input: buying(cart, total),
    ...asGuest,
  })
  await expectRefusals(halls, 'checkout.setShipping', {
    'checkout.unknown_shipping_method': { ...cart, method: 'rocket' },
  })
  await halls.answer('checkout.setShipping', { ...cart, method: 'pigeon' }, asGuest)
  for (let time = 0; time < 2; time += 1)
    await halls.answer('fulfilment.removeMethod', { code: 'pigeon', country: 'FR' })
  await expectRefusal(halls, 'checkout.unknown_shipping_method', {
    path: 'checkout.complete',
    input: buying(cart, total),
    ...asGuest,
  })
}

export async function mergeCarts(halls: Lockstep): Promise<void> {
  await halls.answer('checkout.mine', {}, asCustomer)
  const guests = await openCart(halls, [{ sku: 'LAMP', quantity: 1 }])
  await halls.answer('checkout.merge', guests, asCustomer)
  await halls.answer('checkout.merge', guests, asCustomer)
  const second = await openCart(halls, [{ sku: 'POST', quantity: 2 }])
  const { cartId } = await halls.answer('checkout.merge', second, asCustomer)
  await halls.answer('checkout.mine', {}, asCustomer)
  await halls.answer('checkout.getCart', { cartId }, asCustomer)
  await expectRefusal(halls, 'checkout.unknown_cart', { path: 'checkout.getCart', input: guests, ...asGuest })
  const merging = (input: object) => ({ path: 'checkout.merge', input, ...asCustomer })
  await expectRefusal(halls, 'checkout.unknown_cart', merging({ ...second, token: unknown('tok') }))
  const many = Array.from({ length: 999 }, () => ({ sku: 'POST', quantity: 1 }))
  await expectRefusal(halls, 'checkout.too_many_lines', merging(await openCart(halls, many)))
  const bought = await openCart(halls, [{ sku: 'GIFT', quantity: 1 }])
  await expectRefusal(halls, 'checkout.not_a_customer', { ...merging(bought), actor: service('orders:price') })
  await halls.answer('checkout.complete', buying(bought, gbp(0)), asGuest)
  await expectRefusal(halls, 'checkout.cart_closed', merging(bought))
}

export async function holdAndBuy(halls: Lockstep): Promise<void> {
  const { cartId } = await halls.answer('checkout.mine', {}, asCustomer)
  const key = 'holds and buys'
  await halls.answer('checkout.setAddress', { cartId, address: { ...france, email: 'ann@example.com' } }, asCustomer)
  await halls.answer('checkout.setShipping', { cartId, method: 'courier' }, { ...asCustomer, key: `${key}: shipping` })
  await halls.answer('checkout.hold', { cartId }, { ...asCustomer, key: `${key}: hold` })
  await halls.answer('checkout.hold', { cartId }, { ...asCustomer, key: `${key}: hold` })
  await halls.answer('checkout.hold', { cartId }, asCustomer)
  const { total, heldUntil } = await halls.answer('checkout.getCart', { cartId }, asCustomer)
  if (heldUntil === null) throw new Error('The cart is not held.')
  const { orderId } = await halls.answer('checkout.complete', buying({ cartId }, total), { ...asCustomer, key })
  await halls.answer('orders.get', { id: orderId }, asCustomer)
  await halls.answer('orders.mine', {}, asCustomer)
  await halls.answer('orders.mine', { state: 'shipped', limit: 1 }, asCustomer)
  await expectRefusal(halls, 'orders.bad_cursor', { path: 'orders.mine', input: { cursor: 'x' }, ...asCustomer })
  await expectRefusal(halls, 'orders.unknown_order', { path: 'orders.get', input: { id: orderId }, ...asGuest })
}
