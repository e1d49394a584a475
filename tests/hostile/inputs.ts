/** Inputs that no contract takes, and operations that are not there. */
import { addLine, type Ask, type Case, euro, get, post, purchase, type World } from './asks.ts'

const malformed: Case[] = [
  ['half an object', post('checkout.createCart', '{"currency":')],
  ['no JSON at all', post('checkout.createCart', 'currency=GBP')],
  ['half a query', { path: '/trpc/catalog.list?input=%7B' }],
  ['a million brackets', post('checkout.createCart', '['.repeat(1_000_000))],
  ['a number that JSON does not know', post('checkout.createCart', '{"currency":NaN}')],
].map(([what, ask]) => ({
  name: `malformed JSON: ${what as string}`,
  ask: ask as Ask,
  status: 400,
  reason: 'platform.malformed_json',
}))

const invalid: Case[] = [
  ['a number for a text', post('checkout.createCart', { currency: 5 })],
  ['a list for an object', post('checkout.createCart', [euro])],
  ['null', post('checkout.createCart', null)],
  ['nothing', { method: 'POST', path: '/trpc/checkout.createCart' }],
  ['an unknown field', post('checkout.createCart', { ...euro, admin: true })],
  [
    'an unknown field deeper down',
    post('checkout.createCart', { ...euro, address: { country: 'GB', planet: 'Earth' } }),
  ],
  ['__proto__', post('checkout.createCart', '{"currency":"EUR","__proto__":{"polluted":true}}')],
  ['constructor', post('checkout.createCart', '{"currency":"EUR","constructor":{"prototype":{"polluted":true}}}')],
  ['deep nesting', post('checkout.createCart', `${'['.repeat(200_000)}${']'.repeat(200_000)}`)],
  [
    'deep nesting in a field',
    post('checkout.createCart', `{"currency":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`),
  ],
  ['a NUL', post('checkout.createCart', { ...euro, address: { country: 'GB', name: 'a\u0000b' } })],
  ['half a character', post('checkout.createCart', { ...euro, address: { country: 'GB', name: 'a\ud800' } })],
  ['bytes that are no text', { ...post('checkout.createCart', ''), body: Uint8Array.from([0x22, 0xff, 0x22]) }],
  ['SQL for an id', get('orders.get', { id: `ord_' OR 1=1; DROP SCHEMA orders CASCADE; --` })],
  ['a limit of a billion', get('catalog.list', { limit: 1_000_000_000 })],
  ['an impossible order date', purchase({ orderedAt: '2010-13-45T00:00:00.000Z' })],
  ...[0, -1, 2 ** 53, 1.5, '1', null, true].map(
    (quantity) => [`the quantity ${JSON.stringify(quantity)}`, addLine({ sku: 'MUG', quantity })] as const,
  ),
  [
    'an infinite quantity',
    (world: World) =>
      post(
        'checkout.addLines',
        JSON.stringify({ ...world.cart, lines: [{ sku: 'MUG', quantity: 9 }] }).replace('9}', '1e999}'),
      ),
  ],
  ['a negative price', addLine({ sku: 'MUG', quantity: 1, unitPrice: { amountMinor: -1, currency: 'GBP' } })],
  [
    '1,001 lines',
    (world: World) =>
      post('checkout.addLines', {
        ...world.cart,
        lines: Array.from({ length: 1001 }, () => ({ sku: 'MUG', quantity: 1 })),
      }),
  ],
].map(([what, ask]) => ({
  name: `wrong input: ${what as string}`,
  ask: ask as Case['ask'],
  status: 400,
  reason: 'platform.invalid_input',
}))

const unknown: Case[] = [
  'checkout.nonsense',
  'nonsense.get',
  '',
  'checkout',
  'constructor.name',
  '__proto__.toString',
  'checkout.createCart/more',
  // To the world outside, what is internal does not exist.
  'inventory.reserve',
  'inventory.release',
  'inventory.commit',
  'payments.authorise',
  'payments.void',
  'payments.capture',
  'orders.place',
  'identity.ensureOwner',
  'identity.authenticate',
  'orders.journalAfter',
  'orders.journalHeads',
].map((operation) => ({
  name: `unknown: ${operation}`,
  ask: post(operation, {}),
  status: 404,
  reason: 'platform.unknown_operation',
}))

export const inputCases: Case[] = [...malformed, ...invalid, ...unknown]
