/**
 * A module's own database connections: they act as the module's role, which sees the module's schema and nothing else.
 *
 * Every connection carries one drizzle instance, so that a prepared statement is built once per connection and then
 * only executed (building one costs 40 µs, see `statement`).
 */
import type { Socket } from 'node:net'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Log } from '../log.ts'

/** What queries are written against: drizzle on one connection (in a transaction) or on the module's pool. */
export type Db = NodePgDatabase

/** A connection in a transaction: `tx` for drizzle, `client` for the platform's own plain statements. */
export type Transaction = {
  tx: Db
  client: pg.ClientBase
  /** Hands over a statement that was sent but not awaited: COMMIT follows it at once, and its failure undoes all. */
  trailing(statement: Promise<unknown>): void
}

export type TransactionOptions = {
  /**
   * Whether COMMIT waits for the disk; it does by default. Without, a crash of the database may lose the last of such
   * transactions, each whole, and never one that a waiting one followed: for work that is found again and repeated.
   */
  durable?: boolean
}

export type ModuleDatabase = {
  module: string
  /** The role that its connections act as, or undefined where the login may not create roles. */
  role: string | undefined
  pool: pg.Pool
  /** For reading outside a transaction. */
  db: Db
  /** Runs `work` in a transaction. BEGIN travels with its first statement. Where `work` throws, nothing is kept. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Connections to other tables of the same names: those of a schema that is made as the module's own was. */
  twin(other: { schema: string; role: string | undefined; connections: number }): ModuleDatabase
  close(): Promise<void>
}

export type ModuleDatabaseOptions = {
  module: string
  /** Where the tables are: the schema with the module's name unless told. */
  schema?: string
  url: string
  /** The role to act as, or undefined where the login may not create roles. */
  role: string | undefined
  connections: number
  applicationName: string
  log: Log
}

const timeoutsMs = { connect: 10_000, idle: 60_000, keepAlive: 10_000 }

/**
 * What the server is told at the start of a connection, so that it lets go of what a process holds that was frozen, or whose
 * machine is gone: a transaction that says nothing for half a minute, a peer that does not answer for a minute.
 */
const patience =
  '-c idle_in_transaction_session_timeout=30s -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3'

/**
 * What the planner is told. Modules ask by key, for few rows: prepared statements, whose parameters (arrays, JSON) hide how
 * few. Left to guess, it reads whole tables while they are small or not analysed yet, keeps that plan while they grow, and
 * plans anew for each call of what has an array. Joins by hash and merge stay: between the lines of a large order
 * nested loops alone would take the square of their number.
 */
const byKey = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c random_page_cost=1'

/** What a connection is told once, as it starts, which costs no round trip: who it acts as, and where its tables are. */
const startupOf = ({ role, schema }: { role: string | undefined; schema: string }): string =>
  [role === undefined ? '' : `-c role=${role}`, `-c search_path=${schema}`, '-c timezone=UTC', patience, byKey]
    .join(' ')
    .trim()

/** Opens a module's pool; its connections open lazily. */
export function openModuleDatabase(options: ModuleDatabaseOptions): ModuleDatabase {
  const { module, schema = module, role, log } = options
  const dbs = new WeakMap<pg.ClientBase, Db>()
  const pool = openPool({ ...options, schema })
  let isClosing = false
  pool.on('error', (error) => {
    // Those that are being closed may hear of a server that stops right after them.
    if (!isClosing) log.warn({ err: error, module }, 'an idle database connection was lost')
  })
  const dbOf = (client: pg.PoolClient): Db => {
    const known = dbs.get(client)
    if (known) return known
    const made = drizzle(inSchema(client, { module, schema }))
    dbs.set(client, made)
    return made
  }
  return {
    module,
    role,
    pool,
    db: drizzle(inSchema(pool, { module, schema })),
    async transaction(work, { durable = true } = {}) {
      const client = await pool.connect()
      let broken: Error | undefined
      const beginning = beginWithFirst(client, durable ? 'BEGIN' : 'BEGIN; SET LOCAL synchronous_commit TO off')
      try {
        const trailing: Promise<unknown>[] = []
        const result = await work({
          tx: dbOf(client),
          client,
          trailing(sent) {
            sent.catch(() => undefined)
            trailing.push(sent)
          },
        })
        if (beginning.sent === undefined) return result
        const committing = client.query('COMMIT')
        committing.catch(() => undefined)
        await beginning.sent
        for (const sent of trailing) await sent
        const committed = await committing
        if (committed.command !== 'COMMIT') throw new Error('The transaction was rolled back by the database.')
        return result
      } catch (error) {
        if (beginning.sent) await client.query('ROLLBACK').catch((lost: Error) => (broken = lost))
        throw error
      } finally {
        beginning.end()
        client.release(broken)
      }
    },
    twin: (other) => openModuleDatabase({ ...options, ...other }),
    close() {
      isClosing = true
      return pool.end()
    },
  }
}

function openPool({ url, role, schema, connections, applicationName }: ModuleDatabaseOptions & { schema: string }) {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: timeoutsMs.connect,
    idleTimeoutMillis: timeoutsMs.idle,
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: timeoutsMs.keepAlive,
    options: startupOf({ role, schema }),
    // BEGIN, the first statement and the last ones travel together, without waiting for each other's answers.
    pipeline: true,
  })
  pool.on('connect', gatherWrites)
  pool.on('connect', surviveLoss)
  return pool
}

/** Says of each name that begins with the module's schema that it is in another. drizzle writes all of them so, and quoted. */
export const qualifiedAs = (text: string, { module, schema }: { module: string; schema: string }): string =>
  text.replaceAll(new RegExp(`(?<![."\\w])"${module}"\\.`, 'g'), `"${schema}".`)

/** What drizzle asks with: of a twin's tables where it names the module's own. The platform's statements name no schema. */
function inSchema<Asked extends pg.Pool | pg.PoolClient>(asked: Asked, at: { module: string; schema: string }): Asked {
  if (at.schema === at.module) return asked
  const texts = new Map<string, string>()
  const textOf = (text: string): string => {
    const known = texts.get(text) ?? qualifiedAs(text, at)
    texts.set(text, known)
    return known
  }
  // Asked for anew each time: a connection's `query` is another one at the start of a transaction.
  const ask = (...what: unknown[]): unknown => (asked.query as (...what: unknown[]) => unknown).apply(asked, what)
  return Object.assign(Object.create(asked) as Asked, {
    query: (config: { text: string }, ...rest: unknown[]) => ask({ ...config, text: textOf(config.text) }, ...rest),
  })
}

/**
 * A connection that is lost between two statements of a transaction says so to nobody in particular, which would end the
 * process: whoever asks it next is told, and that is enough.
 */
export function surviveLoss(client: pg.ClientBase): void {
  client.on('error', () => undefined)
}

/** Sends `begin` before the first statement that follows, if one does: a transaction that asks nothing costs nothing. */
function beginWithFirst(client: pg.ClientBase, begin: string): { sent: Promise<unknown> | undefined; end(): void } {
  const query = client.query.bind(client) as (...what: unknown[]) => Promise<unknown>
  const own = client as { query?: unknown }
  const beginning = {
    sent: undefined as Promise<unknown> | undefined,
    end: () => void delete own.query,
  }
  own.query = (...what: unknown[]) => {
    beginning.end()
    beginning.sent = query(begin)
    // Awaited at the end; the empty handler keeps an early failure from counting as unhandled.
    beginning.sent.catch(() => undefined)
    return query(...what)
  }
  return beginning
}

/**
 * Makes a connection send what is asked of it within one turn as one write. A write is a system call that wakes the
 * server, and was half of a busy process's time: BEGIN with its first statement, and the last ones with COMMIT, are two.
 */
export function gatherWrites(client: pg.ClientBase): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  const write = stream.write.bind(stream) as (...what: unknown[]) => boolean
  let gathers = false
  const gathered = (...what: unknown[]): boolean => {
    if (!gathers) {
      gathers = true
      stream.cork()
      process.nextTick(() => {
        gathers = false
        stream.uncork()
      })
    }
    return write(...what)
  }
  stream.write = gathered
}

/**
 * A prepared statement, built once per connection and then only executed:
 *
 *     const cartById = statement('cart_by_id', (db) => db.select()….where(eq(carts.id, sql.placeholder('id'))))
 *     const [cart] = await cartById(ctx.tx).execute({ id })
 */
export function statement<Prepared>(name: string, build: (db: Db) => { prepare(name: string): Prepared }) {
  const built = new WeakMap<Db, Prepared>()
  return (db: Db): Prepared => {
    const known = built.get(db)
    if (known !== undefined) return known
    const made = build(db).prepare(name)
    built.set(db, made)
    return made
  }
}

/** PostgreSQL's code of an error, such as `23505`, also where drizzle wrapped it. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code
  }
  return undefined
}

/** The constraint that an error broke, also where drizzle wrapped it. */
export function constraintOf(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { constraint } = at as { constraint?: unknown }
    if (typeof constraint === 'string') return constraint
  }
  return undefined
}

/** Whether trying the whole transaction again may succeed: serialization failure, deadlock. */
export const isTransient = (error: unknown): boolean => ['40001', '40P01'].includes(sqlStateOf(error) ?? '')

/** Whether the database's disk is full: it still reads, and writes again once there is room. */
export const isDiskFull = (error: unknown): boolean => sqlStateOf(error) === '53100'

/** Whether the database could not be reached, went away, or had no connection, memory or disk left: another time it may. */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlStateOf(error)
  if (state !== undefined) return ['08', '25P03', '53', '57P'].some((kind) => state.startsWith(kind))
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code)) return true
    if (/Connection terminated|is not queryable|timeout exceeded when trying to connect/.test(at.message)) return true
  }
  return false
}
