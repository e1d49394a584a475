/** Orders: placed, paid, sent, given back, cancelled. */
import type { Lockstep } from '../lockstep.ts'
import {
  asCheckout,
  asCustomer,
  asGuest,
  buy,
  eur,
  expectRefusal,
  expectRefusals,
  gbp,
  service,
  unknown,
} from './words.ts'

export async function keepOrders(halls: Lockstep): Promise<void> {
  const amounts = { grossMinor: 120, netMinor: 100, taxMinor: 20 }
  const line = { lineId: unknown('lin'), sku: 'X', name: 'An X', quantity: 2, unitPriceMinor: 60, ...amounts }
  const order = {
    reference: 'a reference',
    currency: 'GBP',
    address: { country: 'GB' },
    lines: [line],
    shipping: { method: 'post', name: 'By post', ...amounts },
    grossMinor: 240,
    taxMinor: 40,
    externalInvoice: '1',
    customer: '17850',
  }
  const placed = await halls.answer('orders.place', order, asCheckout)
  await halls.answer('orders.place', order, asCheckout)
  await expectRefusals(halls, 'orders.place', {
    'orders.invoice_exists': { ...order, reference: 'another' },
    'platform.key_reused': { ...order, grossMinor: 241 },
  })
  await halls.answer('orders.get', { id: placed.orderId }, { actor: service('orders:read') })
  await expectRefusal(halls, 'orders.unknown_order', {
    path: 'orders.get',
    input: { id: placed.orderId, token: unknown('tok') },
    ...asGuest,
  })
  const page = await halls.answer('orders.list', { limit: 1, customer: '17850' })
  await halls.answer('orders.list', { limit: 1, customer: '17850', cursor: page.nextCursor })
  await halls.answer('orders.list', { state: 'placed' })
  await expectRefusals(halls, 'orders.list', { 'orders.bad_cursor': { cursor: 'nowhere' } })
  await halls.answer('orders.findInvoices', { externalInvoices: ['1', '536365', 'none'] })
}

const oneMug = [{ sku: 'MUG-RED', quantity: 1 }]

export async function sendOrders(halls: Lockstep): Promise<void> {
  const { orderId, orderToken } = await buy(halls, oneMug, { actor: asCustomer })
  await expectRefusals(halls, 'fulfilment.ship', { 'fulfilment.unknown_shipment': { orderId } })
  await halls.settle()
  const { nextCursor } = await halls.answer('fulfilment.listShipments', { limit: 1 })
  await halls.answer('fulfilment.listShipments', { limit: 1, cursor: nextCursor, state: 'waiting' })
  await expectRefusals(halls, 'fulfilment.listShipments', { 'fulfilment.bad_cursor': { cursor: 'nowhere' } })
  const parcel = { orderId, carrier: 'Royal Mail', trackingNumber: 'RM 1' }
  await halls.answer('fulfilment.ship', parcel, { key: 'leaves once', actor: service('fulfilment:ship') })
  await halls.answer('fulfilment.ship', parcel, { key: 'leaves once', actor: service('fulfilment:ship') })
  await halls.answer('fulfilment.ship', { orderId })
  await halls.settle()
  await expectRefusals(halls, 'orders.cancel', { 'orders.already_shipped': { id: orderId } })
  const { reference } = await halls.answer('orders.beginShipping', { orderId }, { caller: 'fulfilment' })
  await expectRefusals(halls, 'inventory.release', { 'inventory.already_committed': { reference } })
  await halls.answer('payments.get', { reference }, { actor: service('payments:read') })
  await halls.answer('orders.get', { id: orderId, token: orderToken }, asGuest)
  const refund = { id: orderId, amount: gbp(100), reason: 'It came broken.' }
  await halls.answer('orders.refund', refund, { key: 'a pound back' })
  await halls.answer('orders.refund', refund, { key: 'a pound back' })
  await expectRefusals(halls, 'orders.refund', {
    'orders.unknown_order': { ...refund, id: unknown('ord') },
    'orders.wrong_currency': { ...refund, amount: eur(100) },
  })
  // Refused to staff, it is audited: by what was asked, whatever becomes of the caller's object meanwhile.
  await expectRefusal(halls, 'orders.refund_too_much', {
    path: 'orders.refund',
    input: { ...refund, amount: gbp(250) },
    spoilsInput: true,
  })
  await halls.settle()
  await halls.answer('orders.get', { id: orderId })
}

export async function cancelOrders(halls: Lockstep): Promise<void> {
  const { orderId, orderToken } = await buy(halls, oneMug)
  const { orderId: paid } = await buy(halls, oneMug, { actor: asCustomer })
  await halls.settle()
  const cancelling = { id: orderId, token: orderToken, reason: 'I have changed my mind.' }
  await halls.answer('orders.cancel', cancelling, { ...asGuest, key: 'cancels it once' })
  await halls.answer('orders.cancel', cancelling, { ...asGuest, key: 'cancels it once' })
  await halls.answer('orders.cancel', cancelling, asGuest)
  await halls.answer('orders.cancel', { id: paid }, { actor: service('orders:cancel') })
  await expectRefusal(halls, 'orders.unknown_order', { path: 'orders.cancel', input: { id: orderId }, ...asGuest })
  // Before anybody else has heard of it: orders alone decides.
  await expectRefusals(halls, 'fulfilment.ship', { 'orders.cancelled': { orderId } })
  await halls.settle()
  await expectRefusals(halls, 'orders.beginShipping', {
    'orders.cancelled': { orderId },
    'orders.unknown_order': { orderId: unknown('ord') },
  })
  const captured = { id: orderId, amount: gbp(1) }
  await expectRefusals(halls, 'orders.capture', {
    'orders.cancelled': captured,
    'orders.unknown_order': { ...captured, id: unknown('ord') },
    'orders.wrong_currency': { ...captured, amount: eur(1) },
  })
  const unpaid = await buy(halls, oneMug, { source: 'card_decline_capture' })
  await halls.settle()
  await expectRefusals(halls, 'orders.beginShipping', { 'orders.not_paid': { orderId: unpaid.orderId } })
  await expectRefusals(halls, 'fulfilment.ship', { 'orders.not_paid': { orderId: unpaid.orderId } })
  await expectRefusals(halls, 'orders.capture', {
    'orders.capture_too_much': { ...captured, id: unpaid.orderId, amount: gbp(251) },
  })
}

/** Told in halls that capture the money as the goods leave. */
export async function payOnShipping(halls: Lockstep): Promise<void> {
  const variants = [{ sku: 'MUG-RED', price: gbp(250), stocked: true }]
  await halls.answer('catalog.importProducts', { products: [{ code: 'MUG', name: 'A mug', variants }] })
  await halls.answer('inventory.receive', { reference: 'mugs', lines: [{ sku: 'MUG-RED', quantity: 9 }] })
  const { orderId } = await buy(halls, oneMug)
  const { orderId: cancelled } = await buy(halls, oneMug)
  await halls.settle()
  const part = { id: orderId, amount: gbp(100) }
  await halls.answer('orders.capture', part, { key: 'a pound now', actor: service('orders:capture') })
  await halls.answer('orders.capture', part, { key: 'a pound now', actor: service('orders:capture') })
  await expectRefusals(halls, 'orders.capture', { 'orders.capture_too_much': { ...part, amount: gbp(151) } })
  await halls.answer('orders.cancel', { id: cancelled })
  await halls.settle()
  await halls.answer('fulfilment.ship', { orderId })
  await halls.compareRows()
  const { state, capturedMinor } = await halls.answer('orders.get', { id: orderId })
  if (state !== 'shipped' || capturedMinor !== 250) throw new Error(`It is ${state} and ${capturedMinor} are captured.`)
}
