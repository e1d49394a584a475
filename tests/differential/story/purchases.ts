/** Carts, filled and bought, and every way in which that is refused. */
import type { Call, Lockstep } from '../lockstep.ts'
import { asGuest, buying, eur, expectRefusal, expectRefusals, gbp, openCart, unknown } from './words.ts'

export async function fillCarts(halls: Lockstep): Promise<void> {
  const lines = [
    { sku: 'mug-red', quantity: 2 },
    { sku: 'POST', quantity: 1 },
  ]
  const cart = await openCart(halls, lines)
  const priced = { ...cart, lines: [{ sku: 'LAMP', quantity: 1, unitPrice: gbp(5) }] }
  const added = await halls.answer('checkout.addLines', priced, { key: 'a line, once' })
  await halls.answer('checkout.addLines', priced, { key: 'a line, once' })
  await halls.answer('checkout.removeLines', { ...cart, lineIds: added.lineIds }, asGuest)
  await expectRefusal(halls, 'checkout.price_not_allowed', { path: 'checkout.addLines', input: priced, ...asGuest })
  const many = Array.from({ length: 999 }, () => ({ sku: 'POST', quantity: 1 }))
  await expectRefusals(halls, 'checkout.addLines', {
    'checkout.unknown_sku': { ...cart, lines: [{ sku: 'NONE', quantity: 1 }] },
    'checkout.not_for_sale': { ...cart, lines: [{ sku: 'DRAFT', quantity: 1 }] },
    'checkout.wrong_currency': { ...cart, lines: [{ sku: 'LAMP', quantity: 1, unitPrice: eur(5) }] },
    'checkout.too_many_lines': { ...cart, lines: many },
  })
  const stranger = { cartId: cart.cartId, token: unknown('tok') }
  const asked = {
    setAddress: { address: { country: 'GB' } },
    addLines: { lines: [{ sku: 'POST', quantity: 1 }] },
    removeLines: { lineIds: [unknown('lin')] },
    setShipping: { method: 'post' },
    shippingMethods: {},
    hold: {},
    getCart: {},
  }
  for (const [name, more] of Object.entries(asked)) {
    const call = { path: `checkout.${name}`, ...asGuest }
    await expectRefusal(halls, 'checkout.unknown_cart', { ...call, input: { ...stranger, ...more } })
    await expectRefusal(halls, 'checkout.unknown_cart', { ...call, input: { cartId: cart.cartId, ...more } })
  }
}

export async function quoteCarts(halls: Lockstep): Promise<void> {
  const euros = await halls.answer('checkout.createCart', { currency: 'EUR' }, asGuest)
  await expectRefusals(halls, 'checkout.addLines', {
    'checkout.wrong_currency': { ...euros, lines: [{ sku: 'POST', quantity: 1 }] },
  })
  await halls.answer('checkout.addLines', { ...euros, lines: [{ sku: 'MUG-RED', quantity: 1 }] })
  await halls.answer('checkout.getCart', euros, asGuest)
  const gold = await openCart(halls, [{ sku: 'GOLD', quantity: 1000 }])
  await expectRefusals(halls, 'checkout.getCart', { 'pricing.too_much': gold })
  await expectRefusals(halls, 'checkout.complete', { 'pricing.too_much': buying(gold, gbp(1)) })
  const variants = [{ sku: 'FAD', price: gbp(1), stocked: false }]
  await halls.answer('catalog.importProducts', { products: [{ code: 'FAD', name: 'A fad', variants }] })
  const faded = await openCart(halls, [{ sku: 'FAD', quantity: 1 }])
  await halls.answer('catalog.setStatus', { code: 'FAD', status: 'draft' })
  await halls.answer('checkout.getCart', faded, asGuest)
  await expectRefusals(halls, 'checkout.hold', { 'checkout.not_for_sale': faded })
  await expectRefusals(halls, 'checkout.complete', { 'checkout.not_for_sale': buying(faded, gbp(1)) })
}

const dated = { orderedAt: '2025-12-31T08:26:00.000Z', externalInvoice: '536365', customer: '17850' }

export async function buyCarts(halls: Lockstep): Promise<void> {
  const lines = [
    { sku: 'MUG-RED', quantity: 2 },
    { sku: 'MUG-RED', quantity: 1 },
    { sku: 'POST', quantity: 1 },
  ]
  const cart = await openCart(halls, lines)
  const { total } = await halls.answer('checkout.getCart', cart, asGuest)
  const complete = (input: object, more: Partial<Call> = asGuest): Call => ({
    path: 'checkout.complete',
    input,
    ...more,
  })
  await expectRefusal(halls, 'checkout.price_changed', complete(buying(cart, gbp(1))))
  await expectRefusal(halls, 'checkout.wrong_currency', complete(buying(cart, eur(1))))
  await expectRefusal(halls, 'checkout.payment_declined', complete(buying(cart, total, 'card_declined')))
  await expectRefusal(halls, 'payments.provider_refused', complete(buying(cart, total, 'no card')))
  await expectRefusal(halls, 'checkout.not_allowed', complete({ ...buying(cart, total), customer: '17850' }))
  const future = { ...buying(cart, total), orderedAt: '2030-01-01T00:00:00.000Z' }
  await expectRefusal(halls, 'checkout.bad_order_date', complete(future, {}))
  await expectRefusal(halls, 'checkout.unknown_cart', complete(buying({ ...cart, token: unknown('tok') }, total)))
  const invoiced = { ...buying(cart, total), ...dated }
  const key = 'buys once, however often'
  const ordered = await halls.answer('checkout.complete', invoiced, { key })
  await halls.answer('checkout.complete', invoiced, { key })
  await expectRefusal(halls, 'platform.key_reused', complete({ ...invoiced, customer: '1' }, { key }))
  await expectRefusal(halls, 'checkout.cart_closed', complete(buying(cart, total)))
  for (const [name, more] of Object.entries({
    removeLines: { lineIds: [unknown('lin')] },
    setAddress: { address: { country: 'DE' } },
    addLines: { lines: [{ sku: 'POST', quantity: 1 }] },
    setShipping: { method: 'post' },
    hold: {},
  }))
    await expectRefusals(halls, `checkout.${name}`, { 'checkout.cart_closed': { ...cart, ...more } })
  await halls.answer('orders.get', { id: ordered.orderId, token: ordered.orderToken }, asGuest)
}

export async function failToBuy(halls: Lockstep): Promise<void> {
  const free = await openCart(halls, [{ sku: 'GIFT', quantity: 1 }])
  const empty = await openCart(halls, [])
  const homeless = await halls.answer('checkout.createCart', { currency: 'GBP' }, asGuest)
  await halls.answer('checkout.addLines', { ...homeless, lines: [{ sku: 'POST', quantity: 1 }] })
  const bulk = await openCart(halls, [{ sku: 'MUG-BLUE', quantity: 501 }])
  await expectRefusals(halls, 'checkout.complete', {
    'orders.invoice_exists': { ...buying(free, gbp(0)), externalInvoice: dated.externalInvoice },
    'checkout.cart_empty': buying(empty, gbp(0)),
    'checkout.address_missing': buying(homeless, gbp(399)),
    'inventory.out_of_stock': buying(bulk, gbp(501 * 255)),
  })
  await halls.answer('checkout.complete', buying(free, gbp(0)), asGuest)
  await expectRefusals(halls, 'checkout.hold', {
    'checkout.cart_empty': empty,
    'inventory.out_of_stock': bulk,
  })
  await expectRefusals(halls, 'checkout.shippingMethods', { 'checkout.address_missing': homeless })
  await expectRefusals(halls, 'checkout.setShipping', {
    'checkout.address_missing': { ...homeless, method: 'post' },
  })
}
