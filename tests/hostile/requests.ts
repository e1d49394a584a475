/** Requests that are well formed and not allowed, or not well formed around their input. */
import { createHmac } from 'node:crypto'
import { addLine, type Ask, bearer, type Case, euro, get, keyed, post, price, purchase } from './asks.ts'

const product = { code: 'X', name: 'x', variants: [{ sku: 'X', price, stocked: true }] }
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = `${encoded({ alg: 'none', kid: '1' })}.${encoded({ iss: 'markethall', sub: 'acc', sid: 'ses', exp: 1 })}.`
const strangers: Case[] = [
  {
    name: 'no key',
    ask: post('catalog.importProducts', { products: [product] }),
    status: 401,
    reason: 'platform.unauthenticated',
  },
  ...['Bearer mh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'Bearer mh_short'].map((authorization) => ({
    name: `a wrong key: ${authorization}`,
    ask: post('checkout.createCart', euro, { authorization }),
    status: 401,
    reason: 'platform.wrong_key',
  })),
  ...['Bearer nonsense', `Bearer ${unsigned}`, 'Basic b3duZXI6b3duZXI=', 'Bearer'].map((authorization) => ({
    name: `a wrong token: ${authorization.slice(0, 30)}`,
    ask: post('checkout.createCart', euro, { authorization }),
    status: 401,
    reason: 'platform.bad_token',
  })),
  {
    name: 'a missing permission',
    ask: ({ readerKey }) => post('catalog.setPrice', { sku: 'MUG', price }, bearer(readerKey)),
    status: 403,
    reason: 'platform.forbidden',
  },
  {
    name: 'a missing permission to read',
    ask: ({ readerKey }) => ({ ...get('orders.list', {}), headers: bearer(readerKey) }),
    status: 403,
    reason: 'platform.forbidden',
  },
  {
    name: 'a foreign cart',
    ask: ({ cart, emptyCart }) => get('checkout.getCart', { cartId: cart.cartId, token: emptyCart.token }),
    status: 404,
    reason: 'checkout.unknown_cart',
  },
]

const keys: Case[] = [
  {
    name: 'a reused key, other input',
    ask: ({ usedKey }) => post('checkout.createCart', euro, keyed(usedKey)),
    status: 409,
    reason: 'platform.key_reused',
  },
  {
    name: 'a reused key of a saga',
    ask: ({ usedKey, cart }) =>
      post('checkout.addLines', { ...cart, lines: [{ sku: 'MUG', quantity: 7 }] }, keyed(usedKey)),
    status: 409,
    reason: 'platform.key_reused',
  },
  ...['short', 'sixteen or more, spaced', 'x'.repeat(201)].map((key) => ({
    name: `a bad key: ${key.slice(0, 30)}`,
    ask: post('checkout.createCart', euro, keyed(key)),
    status: 400,
    reason: 'platform.bad_key',
  })),
  {
    name: 'two mutations under one key',
    ask: post(
      'checkout.createCart,checkout.createCart?batch=1',
      { 0: euro, 1: euro },
      keyed('a-key-for-two-mutations'),
    ),
    status: 400,
    reason: 'platform.keyed_batch',
  },
]

const purchases: Case[] = [
  {
    name: 'an unknown SKU',
    ask: addLine({ sku: 'NONSENSE', quantity: 1 }),
    status: 422,
    reason: 'checkout.unknown_sku',
  },
  {
    name: 'an agreed price without permission',
    ask: addLine({ sku: 'MUG', quantity: 1, unitPrice: price }),
    status: 403,
    reason: 'checkout.price_not_allowed',
  },
  {
    name: 'a changed price',
    ask: purchase({ expectedTotal: { amountMinor: 1, currency: 'GBP' } }),
    status: 409,
    reason: 'checkout.price_changed',
  },
  {
    name: 'another currency',
    ask: purchase({ expectedTotal: { amountMinor: 295, currency: 'EUR' } }),
    status: 422,
    reason: 'checkout.wrong_currency',
  },
  {
    name: 'an order date in the past without permission',
    ask: purchase({ orderedAt: '2010-12-01T08:26:00.000Z' }),
    status: 403,
    reason: 'checkout.not_allowed',
  },
  {
    name: 'an external invoice without permission',
    ask: (world) => purchase({ externalInvoice: '1' }, bearer(world.readerKey))(world),
    status: 403,
    reason: 'checkout.not_allowed',
  },
  {
    name: 'an empty cart',
    ask: (world) => purchase(world.emptyCart)(world),
    status: 412,
    reason: 'checkout.cart_empty',
  },
  {
    name: 'an unknown order',
    ask: get('orders.get', { id: 'ord_00000000-0000-7000-8000-000000000000' }),
    status: 404,
    reason: 'orders.unknown_order',
  },
  {
    name: 'an invented cursor',
    ask: get('catalog.list', { cursor: 'nonsense' }),
    status: 400,
    reason: 'catalog.bad_cursor',
  },
]

const methods: Case[] = [
  { ...get('checkout.createCart', euro) },
  post('catalog.list', {}),
  { ...post('checkout.createCart', euro), method: 'PUT' },
  { method: 'DELETE', path: '/trpc/checkout.createCart' },
].map((ask) => ({
  name: `a wrong method: ${ask.method ?? 'GET'} ${ask.path.slice(0, 25)}`,
  ask,
  status: 405,
  reason: 'platform.wrong_method',
}))

const requests: Case[] = [
  {
    name: '5 MB',
    ask: post('checkout.createCart', ' '.repeat(5 * 1024 * 1024)),
    status: 413,
    reason: 'platform.payload_too_large',
  },
  { name: 'a wrongly encoded operation', ask: post('%ZZ', {}), status: 400, reason: 'platform.bad_request' },
  {
    name: 'a wrongly encoded webhook',
    ask: { method: 'POST', path: '/webhooks/%ZZ', body: '' },
    status: 404,
    reason: 'platform.not_found',
  },
  { name: 'a path that is not there', ask: { path: '/admin' }, status: 404, reason: 'platform.not_found' },
  {
    name: 'a huge URL',
    ask: { path: `/trpc/catalog.list?input=${'x'.repeat(40_000)}` },
    status: 414,
    reason: 'platform.url_too_long',
  },
  {
    name: 'a URL without end',
    ask: { path: `/trpc/catalog.list?input=${'x'.repeat(1_000_000)}` },
    status: 431,
    reason: 'platform.headers_too_large',
  },
  {
    name: 'a huge header',
    ask: post('checkout.createCart', euro, { 'x-filler': 'x'.repeat(80_000) }),
    status: 431,
    reason: 'platform.headers_too_large',
  },
  {
    name: 'a huge batch',
    ask: post(`${Array(101).fill('checkout.createCart').join(',')}?batch=1`, {}),
    status: 400,
    reason: 'platform.batch_too_large',
  },
]

const sign = (secret: string, body: string, at = Math.floor(Date.now() / 1000)) =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`
const webhook = (body: string, signature?: string): Ask => ({
  method: 'POST',
  path: '/webhooks/payments',
  headers: signature === undefined ? {} : { 'x-payment-signature': signature },
  body,
})
const event = JSON.stringify({ id: 'evt_1', type: 'capture.succeeded', key: 'att_1' })

const webhooks: Case[] = [
  { name: 'a webhook without signature', ask: webhook(event), status: 401, reason: 'payments.bad_signature' },
  {
    name: 'a webhook with a garbled signature',
    ask: webhook(event, 'v1=,t=%00'),
    status: 401,
    reason: 'payments.bad_signature',
  },
  {
    name: 'a webhook signed by somebody else',
    ask: webhook(event, sign('another secret', event)),
    status: 401,
    reason: 'payments.bad_signature',
  },
  {
    name: 'a webhook whose body was changed',
    ask: ({ webhookSecret }) => webhook(event, sign(webhookSecret, `${event} `)),
    status: 401,
    reason: 'payments.bad_signature',
  },
  {
    name: 'a webhook of genuine garbage',
    ask: ({ webhookSecret }) => webhook('garbage', sign(webhookSecret, 'garbage')),
    status: 400,
    reason: 'payments.bad_webhook',
  },
  {
    name: 'a webhook of 5 MB',
    ask: webhook(' '.repeat(5 * 1024 * 1024)),
    status: 413,
    reason: 'platform.payload_too_large',
  },
]

export const requestCases: Case[] = [...strangers, ...keys, ...purchases, ...methods, ...requests, ...webhooks]
