/**
 * Two releases of the hall at work at once. A release replaces a process after the other, and may be taken back: so a process of the later one
 * calls, is called by, and listens to those of the one before, and reads what it has written.
 */
import { join } from 'node:path'
import { brokenInvariants } from '#testing/invariants'
import { expect, onTestFailed, test } from 'vitest'
import { moduleNames } from '../src/modules.ts'
import { breakTree } from './chaos/broken-tree.ts'
import { additions, checkContracts, commitPromises } from './contract-trees.ts'
import { settled } from './processes/books.ts'
import { type Program, startProgram } from './processes/program.ts'
import { callsOf, runTool } from './processes/trading.ts'
import { openWorld, type World } from './processes/world.ts'

const testMsMax = 120_000
type Open = { url: string }
const pence = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })

const thisTree = join(import.meta.dirname, '..')
type Trees = { orders: string; rest: string }

/** Starts both processes of the world's topology, each from its own tree. */
async function startBoth(world: World, trees: Trees): Promise<Open & AsyncDisposable> {
  const topology = join(world.env['DATA_DIR']!, 'topology.json')
  const programs: Program[] = []
  await using starting = new AsyncDisposableStack()
  starting.defer(async () => void (await Promise.all(programs.map(({ stop }) => stop()))))
  const start = (tree: string, process: string, isReady: RegExp) => {
    const program = startProgram(join(tree, 'src/main.ts'), ['--topology', topology, '--process', process], world.env)
    onTestFailed(() => console.info(program.err.slice(-30).join('\n')))
    programs.push(program)
    return program.line(isReady)
  }
  const [[, url]] = await Promise.all([
    start(trees.rest, 'hall', /^Markethall is open at (\S+)$/),
    start(trees.orders, 'orders', / is ready at /),
  ])
  const started = starting.move()
  return { url: url!, [Symbol.asyncDispose]: () => started.disposeAsync() }
}

/** Buys a mug as a guest, and waits until all that follows is done. */
async function buy(world: World, { url }: Open): Promise<string> {
  const { code, out, err } = await runTool(world, ['buy', 'MUG', '--card', 'card_ok', '--json', '--url', url])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  await settled(world.sql)
  return (JSON.parse(out.at(-1)!) as { orderId: string }).orderId
}

async function stockMugs(world: World, { url }: Open): Promise<void> {
  const { catalog, inventory } = await callsOf(world, url)
  const variants = [{ sku: 'MUG', price: pence(295), stocked: true }]
  await catalog.importProducts.mutate({ products: [{ code: 'MUG', name: 'Mug', variants }] })
  await inventory.receive.mutate({ reference: 'delivery', lines: [{ sku: 'MUG', quantity: 2 }] })
}

/** What became of an order where both releases had a hand in it. */
async function becameOf({ sql }: World, orderId: string) {
  const [became] = await sql(
    `select o.state, s.gross_minor::int as reported, p.captured_minor::int as captured
     from orders.orders as o left join reporting.sold_orders as s on s.order_id = o.id
     left join payments.payments as p on p.reference = o.reference where o.id = $1`,
    [orderId],
  )
  return became
}

/** Fields of facts that only the later release knows, by order. */
async function laterFields({ sql }: World): Promise<Record<string, unknown>[]> {
  return sql(
    `select j.fact ->> 'channel' as channel, c.fact ->> 'provider' as provider, s.fact ->> 'parcels' as parcels
     from orders.journal as j join payments.journal as c on c.fact ->> 'reference' = j.fact ->> 'reference' and c.name = 'payments.captured'
     join fulfilment.journal as s on s.fact ->> 'orderId' = j.fact ->> 'orderId'
     where j.name = 'orders.placed' order by j.announced_at`,
  )
}

test('a purchase goes through while a module is of another release than the rest', { timeout: testMsMax }, async () => {
  await using later = await breakTree(additions)
  await commitPromises(later.root)
  const check = checkContracts(later.root, '--json')
  await using world = await openWorld({ outside: ['orders'], provider: 'elsewhere' })

  const paid = { state: 'paid', reported: 295, captured: 295 }
  const bought: string[] = []

  // Orders is replaced first: the rest calls it and listens to it as before.
  {
    await using hall = await startBoth(world, { orders: later.root, rest: thisTree })
    await stockMugs(world, hall)
    bought.push(await buy(world, hall))
    expect(await becameOf(world, bought[0]!)).toEqual(paid)
  }

  // Then the rest; and orders is taken back to the release before.
  {
    await using hall = await startBoth(world, { orders: thisTree, rest: later.root })
    bought.push(await buy(world, hall))
    expect(await becameOf(world, bought[1]!)).toEqual(paid)
    const { fulfilment } = await callsOf(world, hall.url)
    for (const orderId of bought) await fulfilment.ship.mutate({ orderId })
    await settled(world.sql)
    for (const orderId of bought) expect(await becameOf(world, orderId)).toEqual({ ...paid, state: 'shipped' })
  }

  // Each release has told what the other did not know, and nothing of it was lost on the way.
  expect(await laterFields(world)).toEqual([
    { channel: 'web', provider: null, parcels: '1' },
    { channel: null, provider: 'sandbox', parcels: '1' },
  ])
  for (const module of moduleNames) {
    const parked = await world.sql(`select event, reason from "${module}".parked`)
    expect({ module, parked }).toEqual({ module, parked: [] })
    expect(await world.sql(`select name, error from "${module}".jobs where attempts > 1 or state = 'failed'`)).toEqual(
      [],
    )
  }
  expect(await brokenInvariants(world.sql, { charges: await world.charges(), settled: true })).toEqual([])

  // The check of the contracts had said so.
  const { code, out } = await check
  const { breaking, compatible } = JSON.parse(out.at(-1)!) as { breaking: object[]; compatible: { path: string }[] }
  expect({ code, breaking }).toEqual({ code: 0, breaking: [] })
  expect(new Set(compatible.map(({ path }) => path.split('.').at(-1)))).toEqual(
    new Set(['giftNote', 'isGift', 'channel', 'because', 'provider', 'parcels']),
  )
})
