/** `hall rebuild`: what it says of a rebuild that runs, ends, finds differences, fails or is refused. */
import { eventually } from '#testing/eventually'
import { expect, test } from 'vitest'
import { operatorKey, run } from './command-line.ts'
import { openGate, waitingAtGates } from './rebuilds/figures.ts'
import { buy, openShop } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]

test('by the command line: rebuild, --dry-run, --show, and what cannot be rebuilt', async () => {
  await using hall = await openShop('near', { works: true })
  const { orderId } = await buy(hall, mug)
  await hall.settle()
  const key = await operatorKey(hall)
  const rebuild = (...line: string[]) => run(['rebuild', ...line, '--url', hall.url], key)

  expect(await rebuild('reporting', '--show')).toMatchObject({ code: 1, err: expect.stringContaining('never rebuilt') })
  const made = await rebuild('reporting')
  expect(made).toEqual({
    code: 0,
    out: [expect.stringMatching(/^reporting was made again of \d+ events, and/)],
    err: '',
  })
  const shown = await rebuild('reporting', '--show', '--json')
  expect(JSON.parse(shown.out[0]!)).toMatchObject({ module: 'reporting', state: 'swapped', dryRun: false, parked: 0 })
  expect(await rebuild('reporting', '--dry-run')).toMatchObject({
    code: 0,
    out: [expect.stringContaining('not a row differs')],
  })

  await hall.sql(`update reporting.sold_orders set gross_minor = 1`)
  const { code, out, err } = await rebuild('reporting', '--dry-run')
  expect({ code, err }).toEqual({ code: 1, err: '' })
  expect(out).toEqual([
    expect.stringContaining('does not hold what'),
    'sold_orders: 1 row that would go',
    expect.stringContaining(orderId),
    'sold_orders: 1 row that would come',
    expect.stringContaining(orderId),
  ])
  expect((await rebuild('reporting', '--dry-run', '--json')).code).toBe(1)

  await hall.sql('create view reporting.watched as select * from reporting.sold_orders')
  expect(await rebuild('reporting')).toMatchObject({
    code: 1,
    out: [],
    err: expect.stringMatching(/^reporting was not rebuilt: .*watched/),
  })
  expect(await rebuild('audit')).toMatchObject({ code: 1, err: expect.stringContaining('platform.not_rebuildable') })
  expect(await rebuild('sales')).toMatchObject({ code: 2, err: expect.stringContaining('There is no module sales') })
})

test('a person sees how far it is, and may leave: it goes on, and what was parked is told', async () => {
  await using hall = await openShop('near', { works: true })
  const [, poisoned] = [await buy(hall, mug), await buy(hall, mug)]
  await hall.settle()
  const spoil = `update orders.journal set fact = fact - 'currency' where name = 'orders.placed' and key = $1`
  await hall.sql(spoil, [poisoned.orderId])
  const key = await operatorKey(hall)
  await using gate = await openGate(hall.config.databaseUrl!)
  await gate.shut()
  const person = new AbortController()
  const drawn = Promise.withResolvers<void>()
  const line = ['rebuild', 'reporting', '--url', hall.url]
  const watching = run(line, key, {
    interruption: person.signal,
    sees: (text) => void (/\d+\/\d+ events/.test(text) && drawn.resolve()),
  })
  await drawn.promise
  await eventually(
    () => waitingAtGates(hall.sql),
    (waiting) => waiting === 1,
  )
  person.abort()
  expect(await watching).toMatchObject({
    code: 130,
    out: [],
    err: expect.stringContaining('hall rebuild reporting --show'),
  })
  await gate.open()
  expect(await run([...line, '--show'], key)).toEqual({
    code: 0,
    out: [expect.stringContaining('is in place'), expect.stringMatching(/^Keys that are parked: 1\. .*hall dead list/)],
    err: '',
  })
})
