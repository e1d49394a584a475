/**
 * What has changed between two states of the contracts, and which of it breaks somebody.
 *
 * Two releases are at work at once: a process at a time is replaced, and what is written down (answers under keys, journals, queued jobs)
 * is read by the next release. So each promise is looked at from both sides:
 * - an input must still be taken; fields in another order make another request of one that is repeated under its key;
 * - an answer must stay within what was promised. Callers pass over fields that they do not know, so a new one disturbs nobody. But the
 *   answers of commands are kept under their keys, and checked when they are given again: a new field of those is optional;
 * - a fact must stay within what was promised, and what journals hold must still be one. Listeners pass over fields that they do not know;
 * - a job must still be taken: it was queued by the last release, or sent by a module that is not yet replaced.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Access } from '#platform/contract'
import type { ContractFile, PromisedEvent, PromisedJob, PromisedOperation } from './contract-file.ts'
import { type Difference, differences } from './differences.ts'
import type { JsonSchema } from './json-schema.ts'

/** Who is concerned: modules that call, clients outside, modules that listen or send jobs, the module that works its own queue. */
export type Concerned = 'callers' | 'clients' | 'listeners' | 'senders' | 'worker'

export type Change = {
  module: string
  what: 'operation' | 'event' | 'job'
  name: string
  /** Where in it, such as `input.lines[].sku`; empty for the whole. */
  path: string
  was: string
  is: string
  /** What follows; empty where there is nothing to say. */
  why: string
  /** Whom it breaks; empty for what is compatible. */
  breaks: readonly Concerned[]
}
/** A change of something, by somebody who knows of what. */
type Found = Pick<Change, 'path' | 'was' | 'is' | 'why' | 'breaks'>

/** All changes, module by module, in the order of names. */
export function changesBetween(was: readonly ContractFile[], is: readonly ContractFile[]): Change[] {
  const [before, now] = [was, is].map((files) => new Map(files.map((file) => [file.module, file])))
  const modules = [...new Set([...before!.keys(), ...now!.keys()])].toSorted()
  return modules.flatMap((module) => inModule(module, before!.get(module), now!.get(module)))
}

function inModule(module: string, was: ContractFile | undefined, is: ContractFile | undefined): Change[] {
  const told = (what: Change['what'], found: [string, Found[]][]): Change[] =>
    found.flatMap(([name, changes]) => changes.map((change) => ({ module, what, name, ...change })))
  const operations = eachOf(was?.operations, is?.operations, { changed: inOperation, whenGone: concernedBy })
  const events = eachOf(was?.events, is?.events, { changed: inEvent, whenGone: () => ['listeners'] })
  const jobs = eachOf(was?.jobs, is?.jobs, { changed: inJob, whenGone: () => ['senders', 'worker'] })
  return [
    ...told(
      'operation',
      operations.map(([name, found]) => [`${module}.${name}`, found]),
    ),
    ...told('event', events),
    ...told('job', jobs),
  ]
}

type Judge<Item> = {
  changed(was: Item, is: Item): Found[]
  whenGone(was: Item): readonly Concerned[]
}

function eachOf<Item>(
  was: Record<string, Item> = {},
  is: Record<string, Item> = {},
  { changed, whenGone }: Judge<Item>,
): [string, Found[]][] {
  const [before, now] = [was, is].map((items) => new Map(Object.entries(items)))
  return [...new Set([...before!.keys(), ...now!.keys()])].toSorted().map((name) => {
    const [old, current] = [before!.get(name), now!.get(name)]
    if (old === undefined) return [name, [note('', { was: 'absent', is: 'promised' })]]
    if (current === undefined)
      return [name, [{ path: '', was: 'promised', is: 'absent', why: 'It is gone.', breaks: whenGone(old) }]]
    return [name, changed(old, current)]
  })
}

type Said = { was: string; is: string; why?: string }

const note = (path: string, { was, is, why = '' }: Said): Found => ({ path, was, is, why, breaks: [] })

/** Modules may act for guests and for whoever is signed in, so an operation for all is theirs, too. */
const concernedBy = ({ access }: PromisedOperation): readonly Concerned[] =>
  access.kind === 'internal' ? ['callers'] : ['callers', 'clients']

function inOperation(was: PromisedOperation, is: PromisedOperation): Found[] {
  const breaks = concernedBy(was)
  // Nothing is recorded of a query, or of what holds a secret.
  const isRecorded = was.kind !== 'query' && !was.secret
  return [
    ...inKind(was, is, isRecorded),
    ...inAccess(was.access, is.access),
    ...inReasons(was.reasons, is.reasons),
    ...inUndo(was, is),
    ...inFlags(was, is),
    ...inInput({ was: was.input, is: is.input }, { breaks, isRecorded }),
    ...inOutput({ was: was.output, is: is.output }, { breaks, isRecorded }),
  ]
}

function inKind(was: PromisedOperation, is: PromisedOperation, isRecorded: boolean): Found[] {
  if (was.kind === is.kind) return []
  const kinds = { was: was.kind, is: is.kind }
  const isAsked = [was.kind, is.kind].includes('query')
  if (!isAsked && !isRecorded) return [note('kind', kinds)]
  const why = isAsked
    ? 'Clients ask it by another verb.'
    : 'What was done under a key is looked for elsewhere: repeated across the release it is done twice.'
  return [{ path: 'kind', ...kinds, why, breaks: concernedBy(was) }]
}

const showAccess = (access: Access): string => (access.kind === 'staff' ? access.permission : access.kind)

function inAccess(was: Access, is: Access): Found[] {
  if (isDeepStrictEqual(was, is)) return []
  const said = { was: showAccess(was), is: showAccess(is) }
  // Guests, then whoever is signed in, then those with one permission. Modules act for any of these, so `internal` is a case of its own.
  const isLoosened = is.kind === 'anyone' || (is.kind === 'customer' && was.kind === 'staff')
  if (isLoosened) return [note('access', { ...said, why: 'It is open to more than before.' })]
  const breaks: readonly Concerned[] =
    was.kind === 'internal' ? ['callers'] : is.kind === 'internal' ? ['clients'] : ['callers', 'clients']
  return [{ path: 'access', ...said, why: 'Some who might call it are refused.', breaks }]
}

function inReasons(was: readonly string[], is: readonly string[]): Found[] {
  const why = 'A module that does not promise it itself answers platform.internal.'
  return [
    ...is
      .filter((reason) => !was.includes(reason))
      .map((reason) => note('reasons', { was: 'absent', is: reason, why })),
    ...was.filter((reason) => !is.includes(reason)).map((reason) => note('reasons', { was: reason, is: 'absent' })),
  ]
}

function inUndo(was: PromisedOperation, is: PromisedOperation): Found[] {
  if (was.undoes === is.undoes) return []
  const said = { was: was.undoes ?? 'nothing', is: is.undoes ?? 'nothing' }
  if (was.undoes === undefined) return [note('undoes', said)]
  return [{ path: 'undoes', ...said, why: 'Sagas no longer take back what they did.', breaks: concernedBy(was) }]
}

function inFlags(was: PromisedOperation, is: PromisedOperation): Found[] {
  const flags = (['secret', 'audited', 'cached'] as const).filter((flag) => was[flag] !== is[flag])
  return flags.map((flag) => {
    const said = { was: String(was[flag]), is: String(is[flag]) }
    if (flag !== 'secret' || was.secret || was.kind === 'query') return note(flag, said)
    const why = 'Keys are ignored from now on: whoever repeats it does it again.'
    return { path: flag, ...said, why, breaks: concernedBy(was) }
  })
}

type Schemas = { was: JsonSchema; is: JsonSchema }
type Use = { breaks: readonly Concerned[]; isRecorded: boolean }

function inInput(schemas: Schemas, { breaks, isRecorded }: Use): Found[] {
  const refused = taken(schemas, 'input')
  const reordered = isRecorded ? taken(schemas, 'input', true).filter((each) => !includes(refused, each)) : []
  return inSchema(schemas, 'input', [
    { found: refused, why: 'What was taken is refused.', breaks },
    {
      found: reordered,
      why: 'What is repeated across the release under its key is refused (platform.key_reused).',
      breaks,
    },
  ])
}

const includes = (all: readonly Difference[], one: Difference): boolean =>
  all.some((each) => isDeepStrictEqual(each, one))

function inOutput(schemas: Schemas, { breaks, isRecorded }: Use): Found[] {
  return inSchema(schemas, 'output', [
    { found: told(schemas, 'output'), why: 'What is answered was not promised.', breaks },
    {
      found: isRecorded ? taken(schemas, 'output') : [],
      why: 'Answers that are kept under keys no longer fit: repeated across the release it fails.',
      breaks,
    },
  ])
}

function inEvent(was: PromisedEvent, is: PromisedEvent): Found[] {
  const breaks = ['listeners'] as const
  const why = 'Listeners rely on the order of a key’s events.'
  const functions = (['key', 'version'] as const)
    .filter((field) => was[field] !== is[field])
    .map((field) => ({ path: field, was: String(was[field]), is: String(is[field]), why, breaks }))
  const schemas = { was: was.fact, is: is.fact }
  return [
    ...functions,
    ...inSchema(schemas, 'fact', [
      { found: told(schemas, 'fact'), why: 'What is announced was not promised.', breaks },
      { found: taken(schemas, 'fact'), why: 'What journals hold no longer fits.', breaks },
    ]),
  ]
}

function inJob(was: PromisedJob, is: PromisedJob): Found[] {
  const schemas = { was: was.payload, is: is.payload }
  const why = 'What is queued, or sent by the last release, is refused.'
  return inSchema(schemas, 'payload', [{ found: taken(schemas, 'payload'), why, breaks: ['senders', 'worker'] }])
}

/** Where what was taken is no longer. */
const taken = ({ was, is }: Schemas, at: string, fieldsInOrder = false): Difference[] =>
  differences({ from: was, to: is, at }, { unknownFields: 'refused', fieldsInOrder })

/** Where what is told now is not what was promised, to a reader who passes over what he does not know. */
const told = ({ was, is }: Schemas, at: string): Difference[] =>
  differences({ from: is, to: was, at }, { unknownFields: 'passed over' }).map(turned)

/** Where more is allowed than was. */
const added = ({ was, is }: Schemas, at: string): Difference[] =>
  differences({ from: is, to: was, at }, { unknownFields: 'refused' }).map(turned)

const turned = ({ path, from, to }: Difference): Difference => ({ path, from: to, to: from })

type Broken = { found: Difference[]; why: string; breaks: readonly Concerned[] }

/** What is broken, each place for the first reason; then what else has changed. */
function inSchema(schemas: Schemas, at: string, broken: readonly Broken[]): Found[] {
  const places = new Set<string>()
  const found = broken.flatMap(({ found: differing, ...rest }) => {
    const fresh = differing.filter(({ path }) => !places.has(path))
    for (const { path } of fresh) places.add(path)
    return fresh.map(({ path, from, to }) => ({ path, was: from, is: to, ...rest }))
  })
  const more = added(schemas, at)
    .filter(({ path }) => !places.has(path))
    .map(({ path, from, to }) => note(path, { was: from, is: to }))
  if (found.length + more.length > 0 || isDeepStrictEqual(schemas.was, schemas.is)) return [...found, ...more]
  return [note(at, { was: 'in other words', is: 'the same' })]
}
