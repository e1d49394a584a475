/** Events: past-tense facts that a module announces, and who listens to them. */
import { z } from 'zod'
import type { Wire } from '../wire-schema.ts'
import { assertWireSchema, readerOf } from '../wire-schema.ts'
import { actor as actorSchema, type Actor } from '../values.ts'
import type { ListenerCtx } from '../calls/context.ts'
import type { Db } from '../data/database.ts'

/** An event of a module. `name` is `<module>.<past tense>`, such as `orders.placed`. */
export type EventDefinition<Name extends string = string, Fact = any> = {
  name: Name
  /** What is announced. */
  fact: z.ZodType<Fact>
  /**
   * A fact as a listener takes it: what a later release has added, and this one does not know, is passed over. Throws where it is none.
   */
  read(written: unknown): Fact
  /** The aggregate whose order is kept, such as the order's id. */
  key(fact: Fact): string
  /** The aggregate's version, from its own row, locked by the transaction that announces. Starts at 1. */
  version(fact: Fact): number
}

type EventSpec<S extends z.ZodType> = {
  fact: S & Wire<z.output<S>>
  key(fact: z.output<S>): string
  version(fact: z.output<S>): number
}

/** Defines an event. The fact is a strict object of JSON values. */
export function event<const Name extends string, S extends z.ZodType>(
  name: Name,
  spec: EventSpec<S>,
): EventDefinition<Name, z.output<S>> {
  assertWireSchema(spec.fact, name, { strict: true })
  const read = readerOf(spec.fact as z.ZodType<z.output<S>>)
  return {
    name,
    fact: z.compile(spec.fact as z.ZodType<z.output<S>>),
    read(written) {
      const { success, data, error } = read(written)
      if (success) return data
      throw error
    },
    key: (fact) => spec.key(fact),
    version: (fact) => spec.version(fact),
  }
}

/** Writes the event into the module's journal, in the transaction of the business change. */
export type Announce = <Fact>(definition: EventDefinition<string, Fact>, fact: Fact) => void

/** An event as a journal holds it and a queue carries it. */
export const journalEvent = z.strictObject({
  id: z.string(),
  name: z.string(),
  key: z.string(),
  version: z.int(),
  /** The fact as JSON text: a listener parses only what it listens to. */
  fact: z.string(),
  correlation: z.string(),
  causation: z.string().nullable(),
  actor: actorSchema,
  /** When it was announced, by the database's clock. */
  announcedAt: z.string(),
  lane: z.int(),
  position: z.int(),
})
export type JournalEvent = z.infer<typeof journalEvent>

/**
 * An event that is parked. Quiet: it was applied once, before a rebuild in which it failed, and what followed from it outside was
 * announced and enqueued then.
 */
export type ParkedEvent = JournalEvent & { isQuiet?: true }

/** What a handler may know of the event besides its fact. */
export type EventMeta = {
  id: string
  name: string
  key: string
  actor: Actor
  correlation: string
  announcedAt: string
}

/** A module's reaction to an event. It touches its own tables only, and may announce and enqueue. */
export type Listener = {
  event: EventDefinition
  source: string
} & ({ handle: HandleOne<any> } | { handleAll: HandleAll<any> })

type HandleOne<Fact> = (ctx: ListenerCtx<any>, fact: Fact, meta: EventMeta) => Promise<void>

/** One of the events that are handled together. What follows from it is announced and enqueued by its own `ctx`. */
export type EventItem<Fact = any> = { ctx: ListenerCtx<any>; fact: Fact; meta: EventMeta }
type HandleAll<Fact> = (tx: Db, items: readonly EventItem<Fact>[]) => Promise<void>

/**
 * Binds a handler to another module's event. Events of different keys are handled side by side in one transaction: what
 * a handler decides over rows that keys share, it decides in one statement, or takes them all at once (`onAll`).
 */
export function on<Fact>(definition: EventDefinition<string, Fact>, handle: HandleOne<Fact>): Listener {
  return { event: definition, source: sourceOf(definition), handle }
}

/**
 * Binds a handler that takes all events of a batch at once, so that they share its statements. A key's events stand in
 * their order. Where it fails, it is given each event alone, so that only one that fails for itself is parked.
 */
export function onAll<Fact>(definition: EventDefinition<string, Fact>, handleAll: HandleAll<Fact>): Listener {
  return { event: definition, source: sourceOf(definition), handleAll }
}

/** The module that announces the event. */
export const sourceOf = (definition: EventDefinition): string => ownerOf(definition.name)

/** The module to which a name such as `orders.placed` belongs. */
export const ownerOf = (name: string): string => name.slice(0, name.indexOf('.'))

/** What a journal holds of a job for another module, whose name its own begins with. */
export const sentJob = z.strictObject({ payload: z.unknown(), delayMs: z.int() })
export type SentJob = z.infer<typeof sentJob>

/** What the platform announces for every command that staff may do, done or refused: who did what, without the input itself. */
export const auditedFact = z.strictObject({
  operation: z.string(),
  record: z.string(),
  requestId: z.string(),
  inputHash: z.string(),
  at: z.string(),
  /** The reason for which it was refused; without one it was done. */
  refused: z.string().optional(),
  /** How often: refusals of people who have not signed in are counted together. */
  times: z.int().optional(),
  /** Why it was done, in the words of who did it. */
  note: z.string().optional(),
})
export type AuditedFact = z.infer<typeof auditedFact>

/** A module's `audited` event, which `audit` listens to. */
export const audited = <const Module extends string>(module: Module) =>
  event(`${module}.audited`, { fact: auditedFact, key: (fact) => fact.record, version: () => 1 })
