/**
 * The hall that is measured: one module that announces, three that listen, each writing a row per event. They live in the
 * schemas of modules of the real hall, whose platform tables they use; their own tables are made by `prepareStalls`.
 */
import { command, defineContract, internal } from '#platform/contract'
import { statement } from '#platform/data/database'
import { event, type Listener, on, onAll } from '#platform/events/event'
import type { HallDefinition } from '#platform/host/open-process'
import { implement } from '#platform/calls/implement'
import { sql } from 'drizzle-orm'
import { pgSchema, text } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { z } from 'zod'

export const ANNOUNCER = 'catalog'
export const LISTENERS = ['inventory', 'pricing', 'reporting'] as const
export const STALLS = [ANNOUNCER, ...LISTENERS]

const line = z.strictObject({ sku: z.string(), quantity: z.int(), unitMinor: z.int() })
const input = z.strictObject({ id: z.string(), customer: z.string(), lines: z.array(line) })
const happened = event(`${ANNOUNCER}.happened`, { fact: input, key: ({ id }) => id, version: () => 1 })
const announcing = defineContract(ANNOUNCER, {
  happen: command({ access: internal, input, output: z.strictObject({ id: z.string() }) }),
})

/** What a command is asked to announce: about 250 bytes. */
export const inputOf = (id: string): z.infer<typeof input> => ({
  id,
  customer: 'cus_01890000-0000-7000-8000-000000000000',
  lines: ['MUG', 'TEAPOT', 'BUNTING'].map((sku) => ({ sku, quantity: 2, unitMinor: 295 })),
})

const written = (module: string) => pgSchema(module).table('bench_written', { id: text().primaryKey(), note: text() })

const things = written(ANNOUNCER)
const insertThing = statement('bench_thing', (db) =>
  db.insert(things).values({ id: sql.placeholder('id'), note: sql.placeholder('note') }),
)
const router = implement(announcing, {
  async happen(ctx, given) {
    await insertThing(ctx.tx).execute({ id: given.id, note: given.customer })
    ctx.announce(happened, given)
    return { id: given.id }
  },
})

/** `one`: a statement per event, as most listeners are written; `all`: one per batch. */
function listenerOf(module: string, how: 'one' | 'all'): Listener {
  const table = written(module)
  const insert = statement(`bench_seen`, (db) =>
    db.insert(table).values({ id: sql.placeholder('id'), note: sql.placeholder('note') }),
  )
  if (how === 'one')
    return on(happened, async (ctx, { id, customer }) => void (await insert(ctx.tx).execute({ id, note: customer })))
  return onAll(happened, async (tx, items) => {
    await tx.insert(table).values(items.map(({ fact }) => ({ id: fact.id, note: fact.customer })))
  })
}

/** The definition of the measured hall. Two listeners take events one by one, the third in batches. */
export function stallsDefinition(): HallDefinition {
  const quiet = { calls: [], listens: [], sendsJobs: [] }
  const listening = { ...quiet, listens: [ANNOUNCER] }
  const contracts = Object.fromEntries(LISTENERS.map((name) => [name, defineContract(name, {})]))
  return {
    version: 'bench',
    graph: { [ANNOUNCER]: quiet, ...Object.fromEntries(LISTENERS.map((name) => [name, listening])) },
    contracts: { [ANNOUNCER]: announcing, ...contracts },
    loaders: {
      [ANNOUNCER]: () => Promise.resolve({ router }),
      ...Object.fromEntries(
        LISTENERS.map((name, place) => [
          name,
          () =>
            Promise.resolve({
              router: implement(contracts[name]!, {}),
              listeners: [listenerOf(name, place === LISTENERS.length - 1 ? 'all' : 'one')],
              rebuild: { refused: 'the measurement makes its table' },
            }),
        ]),
      ),
    },
    webhooks: [],
    authentication: { authenticate: () => Promise.resolve(undefined), signingKeys: () => Promise.resolve([]) },
  }
}

/** Makes the stalls' own tables, once the modules' schemas are there. */
export async function prepareStalls(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (const module of STALLS)
      await client.query(
        `CREATE TABLE ${module}.bench_written (id text PRIMARY KEY, note text); GRANT ALL ON ${module}.bench_written TO PUBLIC`,
      )
  } finally {
    await client.end()
  }
}
