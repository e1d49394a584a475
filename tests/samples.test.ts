/**
 * What earlier releases wrote into journals and tables of jobs is read and done by this one: `tests/samples/<module>.json` keeps
 * each form that an event or a job ever had, in the order in which they could have come.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { event } from '#platform/events/event'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { readModules } from '../scripts/docs/read-modules.ts'
import { graph, type ModuleName, moduleNames } from '../src/modules.ts'
import { type Promised, type Sample, sampleProblems } from './rules/samples.ts'

type Kept<Content extends string> = { name: string; note: string } & Record<Content, Record<string, unknown>>
type Samples = { events: Kept<'fact'>[]; jobs: Kept<'payload'>[] }

function samplesOf(module: string): Samples {
  const file = join(import.meta.dirname, 'samples', `${module}.json`)
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Samples>) : {}
  return { events: kept.events ?? [], jobs: kept.jobs ?? [] }
}

const modules = await readModules()
const events = new Map(
  modules.flatMap((module) => module.events.map(({ definition }) => [definition.name, definition])),
)
const system = JSON.stringify({ kind: 'system', id: 'sample' })

test('every event and job has a sample of each of its forms, which today’s schemas take', () => {
  const promised: Promised[] = modules.flatMap((module) => [
    ...module.events.map(({ definition: { name, fact } }) => ({ name, schema: fact })),
    ...module.jobs.map(({ definition: { name, payload } }) => ({ name, schema: payload })),
  ])
  const samples: Sample[] = moduleNames
    .map(samplesOf)
    .flatMap((kept) => [
      ...kept.events.map(({ fact, ...each }) => ({ ...each, value: fact })),
      ...kept.jobs.map(({ payload, ...each }) => ({ ...each, value: payload })),
    ])
  expect(sampleProblems(promised, samples)).toEqual([])
})

test('a form that nobody kept, and one that is refused, are named', () => {
  const fact = z.strictObject({
    id: z.string(),
    kind: z.enum(['a', 'b']),
    lines: z.array(z.strictObject({ sku: z.string() })).optional(),
  })
  const promised = ['kept', 'forgotten'].map((name) => ({
    name: `m.${name}`,
    schema: event(`m.${name}`, { fact, key: () => '', version: () => 1 }).fact,
  }))
  const sample = (value: unknown, name = 'm.kept') => ({ name, note: 'of old', value })
  const line = { id: '1', kind: 'a', lines: [{ sku: 'A' }] }
  expect(
    sampleProblems(promised, [
      sample(line),
      sample({ id: '1', number: 2, kind: 'a', lines: [] }),
      sample({}, 'm.gone'),
    ]),
  ).toEqual([
    'There is a sample of m.gone, which nobody promises: what is queued would be lost.',
    expect.stringMatching(/^The sample of m\.kept \(of old\) is refused: .*number/),
    'Every sample of m.kept has lines, which may be missing.',
    'No sample of m.kept has kind "b".',
    'There is no sample of m.forgotten.',
  ])
  const [kept] = promised
  expect(sampleProblems([kept!], [sample({ id: '1', kind: 'a' }), sample({ id: '1', kind: 'b' })])).toEqual([
    'No sample of m.kept has lines: add one as this release writes it.',
    'No sample of m.kept has lines[].sku: add one as this release writes it.',
  ])
})

/** The order of which payments and fulfilment tell in their samples, placed in this hall; what it is called here. */
async function placeOrderOfSamples(hall: TestHall): Promise<Map<string, string>> {
  const { reference, orderId } = samplesOf('fulfilment').events.find(({ name }) => name === 'fulfilment.shipped')!
    .fact as Record<string, string>
  const line = {
    lineId: 'lin_01938f00-0000-7000-8000-000000000099',
    sku: 'MUG',
    name: 'Mug',
    quantity: 2,
    unitPriceMinor: 120,
    grossMinor: 240,
    netMinor: 240,
    taxMinor: 0,
  }
  const placed = await hall.calls.orders.place.mutate({
    reference: reference!,
    currency: 'GBP',
    address: { country: 'GB' },
    lines: [line],
    grossMinor: 240,
    taxMinor: 0,
  })
  await hall.settle()
  return new Map([[orderId!, placed.orderId]])
}

/** Writes samples into the journal of their module, as committed and not sequenced yet. */
async function announce(hall: TestHall, module: ModuleName, called: ReadonlyMap<string, string>): Promise<void> {
  for (const [index, { name, fact }] of samplesOf(module).events.entries()) {
    const text = [...called].reduce((written, [old, now]) => written.replaceAll(old, now), JSON.stringify(fact))
    const definition = events.get(name)!
    const read = definition.fact.parse(JSON.parse(text))
    await hall.sql(
      `insert into "${module}".journal (id, name, key, version, fact, correlation, actor) values ($1, $2, $3, $4, $5, 'req_sample', $6)`,
      [`evt_${module}_${index}`, name, definition.key(read), definition.version(read), text, system],
    )
  }
  await hall.settle()
}

test('journals that earlier releases wrote are applied by every listener', async () => {
  await using hall = await startTestHall()
  const called = await placeOrderOfSamples(hall)
  for (const module of moduleNames.filter((name) => name !== 'fulfilment')) await announce(hall, module, called)
  await hall.calls.orders.beginShipping.mutate({ orderId: [...called.values()][0]! })
  await announce(hall, 'fulfilment', called)
  for (const module of moduleNames) {
    expect({ module, parked: await hall.sql(`select event, reason from "${module}".parked`) }).toEqual({
      module,
      parked: [],
    })
    expect(await hall.sql(`select name, error from "${module}".jobs where state <> 'done'`)).toEqual([])
  }
  const [order] = await hall.sql(
    `select state, captured_minor::int as captured, refunded_minor::int as refunded from orders.orders`,
  )
  expect(order).toEqual({ state: 'shipped', captured: 240, refunded: 40 })
  const sold = await hall.sql(
    `select gross_minor::int as gross, is_cancelled as cancelled from reporting.sold_orders order by gross_minor`,
  )
  expect(sold).toEqual([
    { gross: 240, cancelled: false },
    { gross: 985, cancelled: true },
    { gross: 13912, cancelled: false },
  ])
  const recorded = await hall.sql(
    `select count(*)::int as records from audit.records where request_id like 'req_01938f00%'`,
  )
  expect(recorded).toEqual([{ records: 2 * (moduleNames.length - 1) }])
})

test('jobs that earlier releases wrote, and sent, are done', async () => {
  await using hall = await startTestHall()
  const references = samplesOf('payments').jobs.flatMap(
    ({ payload }) => (payload['reference'] as string | undefined) ?? [],
  )
  for (const reference of new Set(references))
    await hall.calls.payments.authorise.mutate({
      reference,
      amount: { amountMinor: 1250, currency: 'GBP' },
      source: 'card_ok',
    })
  for (const module of moduleNames) {
    const sender = moduleNames.find((name) => (graph[name].sendsJobs as readonly string[]).includes(module))
    for (const [index, { name, payload }] of samplesOf(module).jobs.entries()) {
      const id = `job_${module}_${index}`
      if (sender === undefined)
        await hall.sql(
          `insert into "${module}".jobs (id, name, payload, actor, correlation, state) values ($1, $2, $3, $4, 'req_sample', 'waiting')`,
          [id, name, JSON.stringify(payload), system],
        )
      else
        await hall.sql(
          `insert into "${sender}".journal (id, name, key, version, fact, correlation, actor) values ($1, $2, $1, 1, $3, 'req_sample', $4)`,
          [id, name, JSON.stringify({ payload, delayMs: 0 }), system],
        )
      // One by one, as they came: a refund asks for what was captured before.
      await hall.settle()
    }
    const rows = await hall.sql(`select name, state, error from "${module}".jobs order by name`)
    const done = samplesOf(module).jobs.map(({ name }) => ({ name, state: 'done', error: null }))
    expect(rows).toEqual(done.toSorted((one, other) => (one.name < other.name ? -1 : 1)))
  }
  const [sums] = await hall.sql(
    `select sum(captured_minor)::int as captured, sum(refunded_minor)::int as refunded, sum(voided_minor)::int as voided from payments.payments`,
  )
  expect(sums).toEqual({ captured: 1250, refunded: 200, voided: 2 * 1250 })
})
