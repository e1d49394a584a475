/** Carts, filled and bought, and every way in which that is refused. */
import type { Call, Lockstep } from '../lockstep.ts'
import { asGuest, expectRefusal, gbp, unknown } from './words.ts'

export async function fillCarts(halls: Lockstep): Promise<void> {
  const cart = await openCart(halls, [
    { sku: 'mug-red', quantity: 2 },
    { sku: 'POST', quantity: 1 },
  ])
  const added = await halls.answer(
    'checkout.addLines',
    { ...cart, lines: [{ sku: 'LAMP', quantity: 1, unitPrice: gbp(5) }] },
    { key: 'a line, once' },
  )
  await halls.answer(
    'checkout.addLines',
    { ...cart, lines: [{ sku: 'LAMP', quantity: 1, unitPrice: gbp(5) }] },
    { key: 'a line, once' },
  )
  await halls.answer('checkout.removeLines', { ...cart, lineIds: added.lineIds }, asGuest)
  const adding = (line: object, more: Partial<Call> = asGuest): Call => ({
    path: 'checkout.addLines',
    input: { ...cart, lines: [line] },
    ...more,
  })
  await expectRefusal(halls, 'checkout.unknown_sku', adding({ sku: 'NONE', quantity: 1 }))
  await expectRefusal(halls, 'checkout.price_not_allowed', adding({ sku: 'LAMP', quantity: 1, unitPrice: gbp(5) }))
  await expectRefusal(
    halls,
    'checkout.wrong_currency',
    adding({ sku: 'LAMP', quantity: 1, unitPrice: { amountMinor: 5, currency: 'EUR' } }, {}),
  )
  const many = Array.from({ length: 999 }, () => ({ sku: 'POST', quantity: 1 }))
  await expectRefusal(halls, 'checkout.too_many_lines', { path: 'checkout.addLines', input: { ...cart, lines: many } })
  const stranger = { cartId: cart.cartId, token: unknown('tok') }
  for (const [name, more] of Object.entries({
    setAddress: { address: { country: 'GB' } },
    addLines: { lines: [{ sku: 'POST', quantity: 1 }] },
    removeLines: { lineIds: [unknown('lin')] },
    getCart: {},
  })) {
    await expectRefusal(halls, 'checkout.unknown_cart', {
      path: `checkout.${name}`,
      input: { ...stranger, ...more },
      ...asGuest,
    })
  }
  const euros = await halls.answer('checkout.createCart', { currency: 'EUR' }, asGuest)
  await expectRefusal(halls, 'checkout.wrong_currency', {
    path: 'checkout.addLines',
    input: { ...euros, lines: [{ sku: 'POST', quantity: 1 }] },
  })
  await halls.answer('catalog.importProducts', {
    products: [{ code: 'MOVED', name: 'Sold elsewhere', variants: [{ sku: 'MOVED', price: gbp(1), stocked: false }] }],
  })
  const moved = await openCart(halls, [{ sku: 'MOVED', quantity: 1 }])
  await halls.answer('catalog.setPrice', { sku: 'MOVED', price: { amountMinor: 1, currency: 'EUR' } })
  await expectRefusal(halls, 'checkout.wrong_currency', { path: 'checkout.getCart', input: moved })
  const gold = await openCart(halls, [{ sku: 'GOLD', quantity: 1000 }])
  await expectRefusal(halls, 'pricing.too_much', { path: 'checkout.getCart', input: gold })
}

type Cart = { cartId: string; token: string }

async function openCart(
  halls: Lockstep,
  lines: object[],
  address: object | undefined = { country: 'GB', city: 'Łódź' },
): Promise<Cart> {
  const cart = await halls.answer('checkout.createCart', { currency: 'GBP' }, asGuest)
  if (address) await halls.answer('checkout.setAddress', { ...cart, address }, asGuest)
  if (lines.length > 0) await halls.answer('checkout.addLines', { ...cart, lines }, asGuest)
  return cart
}

const buying = (cart: Cart, total: object, source = 'card_ok') => ({
  ...cart,
  expectedTotal: total,
  payment: { source },
})

export async function buyCarts(halls: Lockstep): Promise<void> {
  const cart = await openCart(halls, [
    { sku: 'MUG-RED', quantity: 2 },
    { sku: 'MUG-RED', quantity: 1 },
    { sku: 'POST', quantity: 1 },
  ])
  const { total } = await halls.answer('checkout.getCart', cart, asGuest)
  const complete = (input: object, more: Partial<Call> = asGuest): Call => ({
    path: 'checkout.complete',
    input,
    ...more,
  })
  await expectRefusal(halls, 'checkout.price_changed', complete(buying(cart, gbp(1))))
  await expectRefusal(halls, 'checkout.wrong_currency', complete(buying(cart, { amountMinor: 1, currency: 'EUR' })))
  await expectRefusal(halls, 'checkout.payment_declined', complete(buying(cart, total, 'card_declined')))
  await expectRefusal(halls, 'payments.provider_refused', complete(buying(cart, total, 'no card')))
  await expectRefusal(halls, 'checkout.not_allowed', complete({ ...buying(cart, total), customer: '17850' }))
  await expectRefusal(
    halls,
    'checkout.bad_order_date',
    complete({ ...buying(cart, total), orderedAt: '2030-01-01T00:00:00.000Z' }, {}),
  )
  const invoiced = {
    ...buying(cart, total),
    orderedAt: '2025-12-31T08:26:00.000Z',
    externalInvoice: '536365',
    customer: '17850',
  }
  const ordered = await halls.answer('checkout.complete', invoiced, { key: 'buys once, however often' })
  await halls.answer('checkout.complete', invoiced, { key: 'buys once, however often' })
  await expectRefusal(
    halls,
    'platform.key_reused',
    complete({ ...invoiced, customer: '1' }, { key: 'buys once, however often' }),
  )
  await expectRefusal(halls, 'checkout.cart_closed', complete(buying(cart, total)))
  const lineIds = [unknown('lin')]
  await expectRefusal(halls, 'checkout.cart_closed', { path: 'checkout.removeLines', input: { ...cart, lineIds } })
  await expectRefusal(halls, 'checkout.cart_closed', {
    path: 'checkout.setAddress',
    input: { ...cart, address: { country: 'DE' } },
  })
  await expectRefusal(halls, 'checkout.cart_closed', {
    path: 'checkout.addLines',
    input: { ...cart, lines: [{ sku: 'POST', quantity: 1 }] },
  })
  await halls.answer('orders.get', { id: ordered.orderId, token: ordered.orderToken }, asGuest)
  const twice = await openCart(halls, [{ sku: 'GIFT', quantity: 1 }])
  await expectRefusal(
    halls,
    'orders.invoice_exists',
    complete({ ...buying(twice, gbp(0)), externalInvoice: '536365' }, {}),
  )
  await halls.answer('checkout.complete', buying(twice, gbp(0)), asGuest)
  await expectRefusal(halls, 'checkout.cart_empty', complete(buying(await openCart(halls, []), gbp(0))))
  const homeless = await halls.answer('checkout.createCart', { currency: 'GBP' }, asGuest)
  await halls.answer('checkout.addLines', { ...homeless, lines: [{ sku: 'POST', quantity: 1 }] })
  await expectRefusal(halls, 'checkout.address_missing', complete(buying(homeless, gbp(399))))
  const bulk = await openCart(halls, [{ sku: 'MUG-BLUE', quantity: 501 }])
  await expectRefusal(halls, 'inventory.out_of_stock', complete(buying(bulk, gbp(501 * 255))))
  await expectRefusal(halls, 'checkout.unknown_cart', complete(buying({ ...cart, token: unknown('tok') }, total)))
  await expectRefusal(
    halls,
    'pricing.too_much',
    complete(buying(await openCart(halls, [{ sku: 'GOLD', quantity: 1000 }]), gbp(1))),
  )
}
