/**
 * A checkout whose process is killed with kill -9 at the three places that matter: while the provider is asked, while the
 * order is being placed, and after that. A process that only works the queues ends it, and whoever asks again is told how.
 */
import { brokenInvariants } from '#testing/invariants'
import { eventually } from '#testing/eventually'
import pg from 'pg'
import { expect, onTestFailed, test } from 'vitest'
import { createHallCalls, keyed } from '../src/commands/hall-calls.ts'
import { settled } from './processes/books.ts'
import { type Program, startProgram } from './processes/program.ts'
import { callsOf } from './processes/trading.ts'
import { type OpenHall, openWorld, type World } from './processes/world.ts'

const pence = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const key = keyed('the-only-click-of-the-customer')
const testMsMax = 120_000

type Purchase = Awaited<ReturnType<typeof fillCart>>

/** A guest's cart with the last mug. */
async function fillCart(world: World, { url }: OpenHall, source: string) {
  const { catalog, inventory } = await callsOf(world, url)
  const variants = [{ sku: 'MUG', price: pence(295), stocked: true }]
  await catalog.importProducts.mutate({ products: [{ code: 'MUG', name: 'Mug', variants }] })
  await inventory.receive.mutate({ reference: 'delivery', lines: [{ sku: 'MUG', quantity: 1 }] })
  const { checkout } = createHallCalls(url, undefined)
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
  await checkout.addLines.mutate({ ...cart, lines: [{ sku: 'MUG', quantity: 1 }] })
  return { ...cart, expectedTotal: pence(295), payment: { source } }
}

const complete = ({ url }: OpenHall, purchase: Purchase) =>
  createHallCalls(url, undefined).checkout.complete.mutate(purchase, key)

/** Somebody who keeps a table from being written until he lets go. */
async function holdTable({ env }: World, table: string): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: env['DATABASE_URL'] })
  await client.connect()
  await client.query('begin')
  await client.query(`lock table ${table} in exclusive mode`)
  return { [Symbol.asyncDispose]: () => client.end() }
}

/** Has a process without a face finish everything, and looks at what must hold then. */
async function letAWorkerEndIt(world: World): Promise<void> {
  const worker = startProgram('workers/main.ts', [], world.env)
  tellOnFailure(worker)
  try {
    await settled(world.sql)
  } finally {
    await worker.stop()
  }
  expect(await brokenInvariants(world.sql, { charges: await world.charges(), settled: true })).toEqual([])
}

const tellOnFailure = (program: Program) => onTestFailed(() => console.info(program.err.join('\n')))

const stateOf = async ({ sql }: World) => {
  const [row] = await sql(`SELECT (SELECT count(*)::int FROM orders.orders) AS orders,
    (SELECT string_agg(DISTINCT state, ' ') FROM checkout.sagas WHERE operation = 'checkout.complete') AS checkout,
    (SELECT state FROM checkout.carts) AS cart, (SELECT reserved::int FROM inventory.stock) AS reserved,
    (SELECT string_agg(state, ' ') FROM payments.payments) AS payment`)
  return row
}

test('while the provider is asked: all is undone, and nothing stays on hold', { timeout: testMsMax }, async () => {
  await using world = await openWorld({ provider: 'elsewhere' })
  const hall = await world.startHall()
  tellOnFailure(hall)
  const purchase = await fillCart(world, hall, 'card_slow_60000')
  const click = complete(hall, purchase).catch((error: unknown) => error)
  await eventually(world.charges, (charges) => charges.length === 1)
  await hall.kill()
  await click
  await letAWorkerEndIt(world)
  expect(await world.charges()).toMatchObject([{ amountMinor: 295, capturedMinor: 0, voidedMinor: 295 }])
  expect(await stateOf(world)).toEqual({ orders: 0, checkout: 'undone', cart: 'open', reserved: 0, payment: 'voided' })
  const next = await world.startHall()
  const again = { ...purchase, payment: { source: 'card_ok' } }
  expect(await complete(next, again)).toMatchObject({ total: pence(295) })
})

test('while the order is being placed: it is asked for again, and there is one', { timeout: testMsMax }, async () => {
  await using world = await openWorld({ provider: 'elsewhere' })
  const hall = await world.startHall()
  tellOnFailure(hall)
  const purchase = await fillCart(world, hall, 'card_ok')
  const held = await holdTable(world, 'orders.orders')
  const click = complete(hall, purchase).catch((error: unknown) => error)
  await eventually(
    () => world.sql('SELECT pivoted FROM checkout.sagas WHERE pivoted'),
    (pivoted) => pivoted.length === 1,
  )
  await hall.kill()
  await click
  await held[Symbol.asyncDispose]()
  await letAWorkerEndIt(world)
  await expectTheOrder(world, purchase)
})

test('after the order was placed: the checkout comes to its end', { timeout: testMsMax }, async () => {
  await using world = await openWorld({ provider: 'elsewhere' })
  const hall = await world.startHall()
  tellOnFailure(hall)
  const purchase = await fillCart(world, hall, 'card_slow_5000')
  const click = complete(hall, purchase).catch((error: unknown) => error)
  // The cart is claimed by then, and not closed: that is kept from happening.
  await eventually(world.charges, (charges) => charges.length === 1)
  const held = await holdTable(world, 'checkout.carts')
  await eventually(
    () => world.sql('SELECT id FROM orders.orders'),
    (orders) => orders.length === 1,
  )
  await hall.kill()
  await click
  await held[Symbol.asyncDispose]()
  await letAWorkerEndIt(world)
  await expectTheOrder(world, purchase)
})

/** One order, paid; the customer who asks again under the same key is told of it. */
async function expectTheOrder(world: World, purchase: Purchase): Promise<void> {
  const whole = { orders: 1, checkout: 'done', cart: 'completed', reserved: 1, payment: 'captured' }
  expect(await stateOf(world)).toEqual(whole)
  const [order] = await world.sql<{ id: string }>('SELECT id FROM orders.orders')
  const next = await world.startHall()
  expect(await complete(next, purchase)).toMatchObject({ orderId: order!.id, total: pence(295) })
  expect(await stateOf(world)).toEqual(whole)
}
