/** What guests and curious members of staff try with products, carts, orders and people that are not theirs. */
import { addLine, bearer, type Case, get, post, price, type World } from './asks.ts'

const nobody = '00000000-0000-7000-8000-000000000000'
const someOrder = { id: `ord_${nobody}` }
const refund = { ...someOrder, amount: price, reason: 'because' }
const way = { code: 'pigeon', country: 'GB', name: 'Pigeon', price }

/** Each asked by nobody, and with a key that permits something else. */
const forStaff = [
  ['fulfilment.saveMethod', way],
  ['fulfilment.removeMethod', { code: 'pigeon', country: 'GB' }],
  ['fulfilment.ship', { orderId: someOrder.id }],
  ['orders.refund', refund],
  ['orders.capture', { ...someOrder, amount: price }],
  ['catalog.setStatus', { code: 'DRAFT', status: 'published' }],
  ['inventory.receive', { reference: 'x', lines: [{ sku: 'MUG', quantity: 1 }] }],
  ['inventory.saveLocation', { code: 'moon', name: 'Moon', priority: 1 }],
  ['identity.saveRole', { name: 'king', permissions: ['*'] }],
  ['identity.assignRoles', { accountId: `acc_${nobody}`, roles: ['king'] }],
] as const

const staffOnly: Case[] = forStaff.flatMap(([operation, input]) => [
  {
    name: `nobody asks for ${operation}`,
    ask: post(operation, input),
    status: 401,
    reason: 'platform.unauthenticated',
  },
  {
    name: `a reader asks for ${operation}`,
    ask: ({ readerKey }: World) => post(operation, input, bearer(readerKey)),
    status: 403,
    reason: 'platform.forbidden',
  },
])

const customersOnly: Case[] = [
  get('orders.mine', {}),
  get('checkout.mine', {}),
  get('identity.me', {}),
  post('checkout.merge', { cartId: `crt_${nobody}`, token: `tok_${nobody}` }),
].map((ask) => ({ name: `a guest asks for ${ask.path}`, ask, status: 401, reason: 'platform.unauthenticated' }))

const hidden: Case[] = [
  'orders.beginShipping',
  'inventory.hold',
  'inventory.endHold',
  'identity.authenticateSession',
].map((operation) => ({
  name: `unknown: ${operation}`,
  ask: ({ readerKey }) => post(operation, {}, bearer(readerKey)),
  status: 404,
  reason: 'platform.unknown_operation',
}))

const wrong: Case[] = [
  ['a name for an address', post('identity.register', { email: 'nobody', password: 'a long enough password' })],
  ['an address of two lines', post('identity.register', { email: 'a@b.c\r\nbcc: d@e.f', password: 'x'.repeat(20) })],
  ['a short password', post('identity.register', { email: 'a@example.org', password: 'short' })],
  ['a password that takes a day', post('identity.logIn', { email: 'a@example.org', password: 'x'.repeat(100_000) })],
  ['an object for a password', post('identity.logIn', { email: 'a@example.org', password: { $ne: '' } })],
  [
    'a role of one’s own',
    post('identity.register', { email: 'a@example.org', password: 'x'.repeat(20), roles: ['*'] }),
  ],
  ['a search for a book', get('catalog.search', { text: 'x'.repeat(10_000) })],
  ['a search for nothing', get('catalog.search', { text: '\u0000' })],
  ['a reason without end', post('orders.cancel', { ...someOrder, reason: 'x'.repeat(501) })],
  ['a country that is none', get('fulfilment.methods', { country: 'GBR', currency: 'GBP' })],
  ['a method by its way', (world: World) => post('checkout.setShipping', { ...world.cart, method: '../../etc' })],
  [
    'a million line ids',
    (world: World) => post('checkout.removeLines', { ...world.cart, lineIds: Array(1001).fill('x') }),
  ],
  ['an emoji to buy', addLine({ sku: '🫖', quantity: 1 })],
].map(([what, ask]) => ({
  name: `wrong input: ${what as string}`,
  ask: ask as Case['ask'],
  status: 400,
  reason: 'platform.invalid_input',
}))

const notTheirs: Case[] = [
  [
    'a cart without its token',
    ({ cart: { cartId } }: World) => get('checkout.getCart', { cartId }),
    404,
    'checkout.unknown_cart',
  ],
  [
    'a cart that is kept by somebody else',
    ({ cart: { cartId }, emptyCart: { token } }: World) => post('checkout.hold', { cartId, token }),
    404,
    'checkout.unknown_cart',
  ],
  ['an order without its token', ({ order: { id } }: World) => get('orders.get', { id }), 404, 'orders.unknown_order'],
  [
    'an order with a token of something else',
    ({ order: { id }, cart: { token } }: World) => get('orders.get', { id, token }),
    404,
    'orders.unknown_order',
  ],
  [
    'the cancellation of a foreign order',
    ({ order: { id }, cart: { token } }: World) => post('orders.cancel', { id, token }),
    404,
    'orders.unknown_order',
  ],
  [
    'the cancellation by whoever may only read',
    ({ order: { id }, readerKey }: World) => post('orders.cancel', { id }, bearer(readerKey)),
    404,
    'orders.unknown_order',
  ],
  ['a product that is not published', get('catalog.get', { sku: 'DRAFT' }), 404, 'catalog.unknown_product'],
  ['a purchase of it', addLine({ sku: 'DRAFT', quantity: 1 }), 422, 'checkout.not_for_sale'],
  [
    'a price that is in another currency',
    ({ euroCart }: World) => post('checkout.addLines', { ...euroCart, lines: [{ sku: 'MUG', quantity: 1 }] }),
    422,
    'checkout.wrong_currency',
  ],
  [
    'a method that is not there',
    ({ cart }: World) => post('checkout.setShipping', { ...cart, method: 'pigeon' }),
    422,
    'checkout.unknown_shipping_method',
  ],
  [
    'a way to nowhere',
    ({ euroCart }: World) => get('checkout.shippingMethods', euroCart),
    412,
    'checkout.address_missing',
  ],
  ['an empty cart to keep', ({ emptyCart }: World) => post('checkout.hold', emptyCart), 412, 'checkout.cart_empty'],
  [
    'a session that never was',
    post('identity.refresh', { refreshToken: `mhr_${'x'.repeat(43)}` }),
    401,
    'identity.session_ended',
  ],
].map(([what, ask, status, reason]) => ({
  name: what as string,
  ask: ask as Case['ask'],
  status: status as number,
  reason: reason as string,
}))

export const shoppingCases: Case[] = [...staffOnly, ...customersOnly, ...hidden, ...wrong, ...notTheirs]
