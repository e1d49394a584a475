import {
  type Access,
  anyone,
  command,
  customer,
  internal,
  type Operation,
  query,
  saga,
  staff,
} from '#platform/contract'
import { event } from '#platform/events/event'
import { job } from '#platform/events/job'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Change, changesBetween } from './changes.ts'
import { brokenBy, type Graph } from './concerned.ts'
import { contractFileOf, type Promised } from './promises.ts'

const { strictObject: fields, string } = z
const empty = fields({})
const placed = fields({ id: string() })

const graph: Graph = {
  orders: { calls: [], listens: ['payments'], sendsJobs: ['payments'] },
  checkout: { calls: ['orders'], listens: [], sendsJobs: [] },
  reporting: { calls: [], listens: ['orders'], sendsJobs: [] },
  payments: { calls: [], listens: [], sendsJobs: [] },
  gateway: { calls: ['orders', 'payments'], listens: ['orders'], sendsJobs: [] },
}

const nothing = { operations: {}, events: {}, jobs: {} }
type Promises = Partial<Omit<Promised, 'name'>>

function changes(was: Promises, is: Promises, module = 'orders'): Change[] {
  const [before, now] = [was, is].map((promises) => [contractFileOf({ ...nothing, ...promises, name: module })])
  return changesBetween(before!, now!)
}

/** What has changed of one operation, each with whom it breaks. */
function ofOperation(was: Operation, is: Operation): [string, string, string, string[]][] {
  return changes({ operations: { place: was } }, { operations: { place: is } }).map((change) => [
    change.path,
    change.was,
    change.is,
    brokenBy(change, graph),
  ])
}

const callers = 'checkout (calls orders)'
const clients = 'every client outside (gateway)'
const both = [callers, clients]

const place = (
  spec: { access?: Access; input?: z.ZodType; output?: z.ZodType; reasons?: string[]; secret?: boolean } = {},
) => command({ access: anyone, input: placed as z.ZodType, output: empty as z.ZodType, ...spec } as never)

test('what is the same has not changed', () => {
  expect(ofOperation(place(), place())).toEqual([])
  expect(changesBetween([], [])).toEqual([])
})

test('an operation, event or job that is gone breaks those who use it; a new one nobody', () => {
  const placedEvent = event('orders.placed', { fact: placed, key: ({ id }) => id, version: () => 1 })
  const all: Promises = {
    operations: { place: place() },
    events: { placedEvent },
    jobs: { send: job('orders.send', empty) },
  }
  const gone = changes(all, {})
  expect(gone.map(({ name, path, was, is }) => [name, path, was, is])).toEqual(
    ['orders.place', 'orders.placed', 'orders.send'].map((name) => [name, '', 'promised', 'absent']),
  )
  expect(gone.map((change) => brokenBy(change, graph))).toEqual([
    both,
    ['reporting (listens to orders)'],
    ['orders (works its queue)'],
  ])
  expect(changes({}, all).flatMap(({ breaks }) => breaks)).toEqual([])
  // What breaks breaks somebody, also where the graph names nobody.
  expect(gone.map((change) => brokenBy(change, {}))).toEqual([
    [clients],
    ['whoever reads the journal of orders'],
    ['orders (works its queue)'],
  ])
  const file = contractFileOf({ ...nothing, ...all, name: 'orders' })
  expect(changesBetween([file], [])).toEqual(gone)
})

test('an input must take what it took', () => {
  const was = place({ input: fields({ id: string().max(9), kind: z.enum(['a', 'b']) }) })
  expect(
    ofOperation(was, place({ input: fields({ id: string().max(5), kind: z.enum(['a', 'b']), by: string() }) })),
  ).toEqual([
    ['input.id', 'maxLength 9', 'maxLength 5', both],
    ['input.by', 'absent', 'required', both],
  ])
  const wider = fields({ id: string().max(20), kind: z.enum(['a', 'b', 'c']), note: string().optional() })
  expect(ofOperation(was, place({ input: wider }))).toEqual([
    ['input.id', 'maxLength 9', 'maxLength 20', []],
    ['input.kind', '"a" | "b"', '"c"', []],
    ['input.note', 'absent', 'string', []],
  ])
})

test('fields in another order are another request to a command that knows its keys, and to nothing else', () => {
  const [one, other] = [fields({ a: string(), b: string() }), fields({ b: string(), a: string() })]
  const found = ofOperation(place({ input: one }), place({ input: other }))
  expect(found).toEqual([['input', 'the order a, b', 'the order b, a', both]])
  expect(ofOperation(place({ input: one, secret: true }), place({ input: other, secret: true }))).toEqual([])
  const asked = (input: typeof one | typeof other) =>
    query({ access: anyone, input: input as z.ZodType, output: empty } as never)
  expect(ofOperation(asked(one), asked(other))).toEqual([])
})

test('an answer must stay within what was promised; a new field disturbs nobody', () => {
  const asked = (output: z.ZodType) => query({ access: internal, input: empty, output } as never)
  const was = asked(fields({ state: z.enum(['a', 'b']), n: z.int().max(9), note: string().optional() }))
  expect(ofOperation(was, asked(fields({ state: z.enum(['a', 'c']), n: z.int(), note: string().optional() })))).toEqual(
    [
      ['output.state', '"a" | "b"', '"c"', [callers]],
      ['output.n', 'maximum 9', 'no maximum', [callers]],
    ],
  )
  expect(
    ofOperation(was, asked(fields({ state: z.enum(['a']), n: z.int().max(9).optional(), more: string() }))),
  ).toEqual([
    ['output.n', 'required', 'optional', [callers]],
    ['output.more', 'absent', 'string', []],
  ])
})

test('answers that are kept under keys must still fit', () => {
  const more = fields({ id: string(), more: string() })
  const promised = ofOperation(place({ output: placed }), place({ output: more }))
  expect(promised).toEqual([['output.more', 'absent', 'required', both]])
  const answered = changes(
    { operations: { place: place({ output: placed }) } },
    { operations: { place: place({ output: more }) } },
  )
  expect(answered[0]!.why).toMatch(/kept under keys/)
  // Nothing is kept of what holds a secret.
  expect(ofOperation(place({ output: placed, secret: true }), place({ output: more, secret: true }))).toEqual([
    ['output.more', 'absent', 'string', []],
  ])
  const optional = fields({ id: string(), more: string().optional() })
  expect(ofOperation(place({ output: placed }), place({ output: optional }))).toEqual([
    ['output.more', 'absent', 'string', []],
  ])
})

test('who could call it can', () => {
  const access = (was: Access, is: Access) =>
    ofOperation(place({ access: was }), place({ access: is }))
      .filter(([path]) => path === 'access')
      .map((each) => each.slice(1))
  const [read, write] = [staff('orders:read'), staff('orders:write')]
  expect(access(anyone, customer)).toEqual([['anyone', 'customer', both]])
  expect(access(anyone, internal)).toEqual([['anyone', 'internal', [clients]]])
  expect(access(customer, internal)).toEqual([['customer', 'internal', [clients]]])
  expect(access(internal, customer)).toEqual([['internal', 'customer', [callers]]])
  expect(access(read, write)).toEqual([['orders:read', 'orders:write', both]])
  expect(access(internal, anyone)).toEqual([['internal', 'anyone', []]])
  expect(access(read, customer)).toEqual([['orders:read', 'customer', []]])
  expect(access(read, staff('orders:read'))).toEqual([])
})

test('an internal operation that no module calls is the gateway’s', () => {
  const was = { operations: { authorise: place({ access: internal }) } }
  const [gone] = changes(was, {}, 'payments')
  expect(brokenBy(gone!, graph)).toEqual(['gateway'])
})

test('another kind is asked or remembered otherwise', () => {
  const spec = { access: anyone, input: placed, output: empty }
  const asked = query(spec)
  const step = saga(spec)
  expect(ofOperation(asked, place())).toEqual([['kind', 'query', 'command', both]])
  expect(ofOperation(place(), asked)).toEqual([['kind', 'command', 'query', both]])
  expect(ofOperation(place(), step)).toEqual([['kind', 'command', 'saga', both]])
  expect(ofOperation(command({ ...spec, secret: true }), saga({ ...spec, secret: true }))).toEqual([
    ['kind', 'command', 'saga', []],
  ])
})

test('keys that are ignored and undoings that end are missed; reasons, audit and cache are not', () => {
  const spec = { access: anyone, input: placed, output: empty }
  expect(ofOperation(place(), place({ secret: true }))).toEqual([['secret', 'false', 'true', both]])
  expect(ofOperation(place({ secret: true }), place())).toEqual([['secret', 'true', 'false', []]])
  expect(ofOperation(command({ ...spec, undoes: 'place' }), place())).toEqual([['undoes', 'place', 'nothing', both]])
  expect(ofOperation(place(), command({ ...spec, undoes: 'place' }))).toEqual([['undoes', 'nothing', 'place', []]])
  expect(ofOperation(place({ reasons: ['orders.old'] }), place({ reasons: ['orders.new'] }))).toEqual([
    ['reasons', 'absent', 'orders.new', []],
    ['reasons', 'orders.old', 'absent', []],
  ])
  expect(ofOperation(query({ ...spec, cached: true }), query(spec))).toEqual([['cached', 'true', 'false', []]])
  expect(ofOperation(command({ ...spec, audited: true }), place())).toEqual([['audited', 'true', 'false', []]])
})

test('a fact stays what listeners were promised, and what journals hold stays a fact', () => {
  const told = (fact: z.ZodType, key = 'id') => {
    const definition = event('orders.placed', {
      fact,
      key: (each: any) => each[key] as string,
      version: () => 1,
    } as never)
    return { events: { definition } }
  }
  const ofFact = (was: Promises, is: Promises) =>
    changes(was, is).map((change) => [change.path, change.why, brokenBy(change, graph)])
  const listeners = ['reporting (listens to orders)']
  const was = told(fields({ id: string(), kind: z.enum(['a', 'b']), note: string().optional() }))
  const promised = 'What is announced was not promised.'
  const kept = 'What journals hold no longer fits.'
  expect(ofFact(was, told(fields({ id: string(), kind: z.enum(['a', 'c']), by: string() })))).toEqual([
    ['fact.kind', promised, listeners],
    ['fact.note', kept, listeners],
    ['fact.by', kept, listeners],
  ])
  expect(
    ofFact(
      was,
      told(fields({ id: string(), kind: z.enum(['a', 'b']), note: string().optional(), by: string().optional() })),
    ),
  ).toEqual([['fact.by', '', []]])
  expect(
    ofFact(was, told(fields({ id: string(), kind: z.enum(['a', 'b']), note: string().optional() }), 'kind')),
  ).toEqual([['key', 'Listeners rely on the order of a key’s events.', listeners]])
})

test('a job is taken as it was queued and as the last release sends it', () => {
  const capture = (payload: z.ZodType) => ({ jobs: { capture: job('payments.capture', payload as never) } })
  const was = capture(fields({ id: string(), day: string().optional() }))
  const broken = changes(was, capture(fields({ id: string(), why: string() })), 'payments')
  const who = ['orders (sends jobs to payments)', 'payments (works its queue)']
  expect(broken.map((change) => [change.path, brokenBy(change, graph)])).toEqual([
    ['payload.day', who],
    ['payload.why', who],
  ])
  const wider = changes(
    was,
    capture(fields({ id: string(), day: string().optional(), why: string().optional() })),
    'payments',
  )
  expect(wider.map(({ path, breaks }) => [path, breaks])).toEqual([['payload.why', []]])
})

test('the same in other words is told, and breaks nobody', () => {
  const [one, other] = [z.literal('a'), z.enum(['a'])].map((kind) => place({ input: fields({ kind }) }))
  expect(ofOperation(one!, other!)).toEqual([['input', 'in other words', 'the same', []]])
})
