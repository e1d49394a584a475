import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Everything a process of the hall can be told from outside. `undefined` means: not set, the hall provides for itself. */
export type Config = {
  port: number
  host: string
  /** Where the world outside reaches the public face, such as the payment provider with its webhooks; else where it listens. */
  publicUrl: string | undefined
  /** The internal face; opened only when a topology needs it. */
  internalPort: number | undefined
  /** The name or address under which other processes reach this one, where instances announce themselves. */
  advertiseHost: string | undefined
  /** A face for whoever watches this process: its figures and its health. Opened only where a port is given. */
  metricsPort: number | undefined
  metricsHost: string
  /** What whoever asks for figures must show; where it is set, they are told on the other faces, too. */
  metricsToken: string | undefined
  /** PEM files with which processes prove to each other who they are; without, they do by the hall's secret alone. */
  internalTls: { cert: string; key: string; ca: string } | undefined
  /** Absolute. Holds the hall's keys and, without `databaseUrl`, its database. */
  dataDir: string
  databaseUrl: string | undefined
  /** Databases of modules that have their own, by module name. */
  databaseUrls: Record<string, string>
  queueDatabaseUrl: string | undefined
  redisUrl: string | undefined
  /** The connections that this process may open, all pools together. */
  databaseConnections: number
  paymentsUrl: string | undefined
  paymentsWebhookSecret: string | undefined
  /** How long one request to the payment provider may take. */
  paymentsTimeoutMs: number
  /** When an order's money is captured: as soon as it is placed, or when its goods leave. */
  captureOn: 'placing' | 'shipping'
  /** Whether a first start on empty data fills the shelves with an invented assortment. */
  demo: boolean
  /** Whether this process also works the queues; where it does not, workers of their own must. */
  works: boolean
  /** Whether the gateway answers guests from memory as long as nothing has changed. */
  readCache: boolean
  logLevel: (typeof LOG_LEVELS)[number]
  /** The API key with which the command-line tool signs in. */
  hallKey: string | undefined
  /** The key by which processes of one hall know each other; without it one is made in `dataDir`. */
  hallSecret: string | undefined
  rolePrefix: string | undefined
  /** Whether an npm script started this process; npm says so itself. */
  isRunByNpm: boolean
  /** How long nobody need hear of a running saga before another process takes it over. Short ones are for tests. */
  sagaLeaseMs: number
}

/** A start that cannot succeed as configured. `variables` names every bad one; the message says what to do about each. */
export class ConfigError extends Error {
  readonly variables: readonly string[]

  constructor(problems: readonly { variable: string; problem: string }[]) {
    const lines = problems.map(({ variable, problem }) => `  ${variable} ${problem}`)
    const count = problems.length === 1 ? 'One environment variable is' : `${problems.length} environment variables are`
    super(`Markethall cannot start. ${count} wrong:\n${lines.join('\n')}`)
    this.name = 'ConfigError'
    this.variables = problems.map(({ variable }) => variable)
  }
}

// Values of URLs and keys never stand in a message: they carry passwords, and messages end in logs.
const wholeNumber = (min: number, max: number, advice: string) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: ({ input }) => `must be a whole number from ${min} to ${max}, not "${String(input)}". ${advice}`,
    })
    .transform(Number)

const url = (schemes: readonly string[], example: string, instead: string) =>
  z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
    error: `must be a URL such as ${example}. Correct it, or remove it to ${instead}.`,
  })

const postgresUrl = (instead: string) =>
  url(['postgres', 'postgresql'], 'postgres://user:password@127.0.0.1:5432/markethall', instead)

const MODULE_DATABASE_URL = /^(?!QUEUE_)([A-Z][A-Z0-9_]*)_DATABASE_URL$/

const settings = z.object({
  PORT: wholeNumber(0, 65_535, 'Set a free port, 0 to have one picked, or remove it to use 4000.').default(4000),
  HOST: z
    .string()
    .regex(/^[^\s/]+$/, 'must be a host name or an address alone. Remove it to use 127.0.0.1.')
    .default('127.0.0.1'),
  PUBLIC_URL: url(['http', 'https'], 'https://shop.example', 'use the address that the hall listens on').optional(),
  INTERNAL_PORT: wholeNumber(0, 65_535, 'Set a free port, or remove it.').optional(),
  ADVERTISE_HOST: z
    .string()
    .regex(/^[^\s/]+$/, 'must be a host name or an address alone. Remove it to use HOST.')
    .optional(),
  METRICS_PORT: wholeNumber(0, 65_535, 'Set a free port, 0 to have one picked, or remove it.').optional(),
  METRICS_HOST: z
    .string()
    .regex(/^[^\s/]+$/, 'must be a host name or an address alone. Remove it to use 127.0.0.1.')
    .default('127.0.0.1'),
  METRICS_TOKEN: z
    .string()
    .regex(
      /^[!-~]{16,}$/,
      'must have at least 16 visible ASCII characters and no space. Use 64 random hexadecimal digits, or remove it.',
    )
    .optional(),
  INTERNAL_TLS_CERT: z.string().optional(),
  INTERNAL_TLS_KEY: z.string().optional(),
  INTERNAL_TLS_CA: z.string().optional(),
  DATA_DIR: z.string().default('.hall'),
  DATABASE_URL: postgresUrl('use the embedded PostgreSQL').optional(),
  QUEUE_DATABASE_URL: postgresUrl('keep the queues in the same database as everything else').optional(),
  REDIS_URL: url(['redis', 'rediss'], 'redis://127.0.0.1:6379', 'carry jobs on PostgreSQL').optional(),
  DATABASE_CONNECTIONS: wholeNumber(8, 1000, 'Remove it to use 48.').default(48),
  PAYMENTS_URL: url(['http', 'https'], 'http://127.0.0.1:4100', 'use the sandbox').optional(),
  PAYMENTS_WEBHOOK_SECRET: z.string().optional(),
  // Short enough by default that an authorisation, asked for twice and voided, fits into a request.
  PAYMENTS_TIMEOUT_MS: wholeNumber(100, 60_000, 'Remove it to use 8000.').default(8000),
  CAPTURE_ON: z
    .enum(['placing', 'shipping'], {
      error: ({ input }) => `must be placing or shipping, not "${String(input)}". Remove it to capture on placing.`,
    })
    .default('placing'),
  DEMO: z
    .enum(['on', 'off'], {
      error: ({ input }) => `must be on or off, not "${String(input)}". Remove it to have it on.`,
    })
    .default('on'),
  READ_CACHE: z
    .enum(['on', 'off'], {
      error: ({ input }) => `must be on or off, not "${String(input)}". Remove it to have it on.`,
    })
    .default('on'),
  WORKERS: z
    .enum(['on', 'off'], {
      error: ({ input }) =>
        `must be on or off, not "${String(input)}". Remove it to work the queues in the same process.`,
    })
    .default('on'),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, {
      error: ({ input }) => `must be one of ${LOG_LEVELS.join(', ')}, not "${String(input)}". Remove it to use info.`,
    })
    .default('info'),
  HALL_KEY: z.string().optional(),
  HALL_SECRET: z
    .string()
    .min(
      16,
      'must have at least 16 characters. Use 64 random hexadecimal digits, or remove it to have one made in DATA_DIR.',
    )
    .optional(),
  ROLE_PREFIX: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,30}$/, {
      error: ({ input }) =>
        `must start with a small letter or _ and go on with small letters, digits and _, 31 at most, not "${String(input)}". ` +
        "Correct it, or remove it to use the database's name.",
    })
    .optional(),
  SAGA_LEASE_MS: wholeNumber(200, 600_000, 'Remove it to use 5000.').default(5000),
  npm_lifecycle_event: z.string().optional(),
  moduleDatabaseUrls: z.record(z.string(), postgresUrl("keep the module in the hall's database")),
})

const environment = z.preprocess((raw) => {
  const set = Object.entries(raw as Record<string, string | undefined>).filter(([, value]) => value?.trim())
  const ofModules = set.filter(([variable]) => MODULE_DATABASE_URL.test(variable))
  return { ...Object.fromEntries(set), moduleDatabaseUrls: Object.fromEntries(ofModules) }
}, settings)

/** Reads all settings at once. An empty variable counts as not set. Throws `ConfigError`, which names every bad one. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const parsed = environment.safeParse(env)
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => ({ variable: String(path.at(-1)), problem: message })),
    )
  }
  const read = parsed.data
  return {
    port: read.PORT,
    host: read.HOST,
    publicUrl: read.PUBLIC_URL?.replace(/\/+$/, ''),
    internalPort: read.INTERNAL_PORT,
    advertiseHost: read.ADVERTISE_HOST,
    metricsPort: metricsPortOf(read),
    metricsHost: read.METRICS_HOST,
    metricsToken: read.METRICS_TOKEN,
    internalTls: tlsOf(read),
    dataDir: resolve(read.DATA_DIR),
    databaseUrl: read.DATABASE_URL,
    databaseUrls: byModule(read.moduleDatabaseUrls),
    queueDatabaseUrl: read.QUEUE_DATABASE_URL,
    redisUrl: read.REDIS_URL,
    databaseConnections: read.DATABASE_CONNECTIONS,
    paymentsUrl: read.PAYMENTS_URL,
    paymentsWebhookSecret: read.PAYMENTS_WEBHOOK_SECRET,
    paymentsTimeoutMs: read.PAYMENTS_TIMEOUT_MS,
    captureOn: read.CAPTURE_ON,
    demo: read.DEMO === 'on',
    works: read.WORKERS === 'on',
    readCache: read.READ_CACHE === 'on',
    logLevel: read.LOG_LEVEL,
    hallKey: read.HALL_KEY,
    hallSecret: read.HALL_SECRET,
    rolePrefix: read.ROLE_PREFIX,
    isRunByNpm: read.npm_lifecycle_event !== undefined,
    sagaLeaseMs: read.SAGA_LEASE_MS,
  }
}

/** Each face has a port of its own, unless it picks a free one. */
function metricsPortOf(read: {
  METRICS_PORT?: number | undefined
  PORT: number
  INTERNAL_PORT?: number | undefined
}): number | undefined {
  const port = read.METRICS_PORT
  const same = (['PORT', 'INTERNAL_PORT'] as const).find(
    (name) => port !== undefined && port > 0 && read[name] === port,
  )
  if (same === undefined) return port
  const problem = `is ${port}, which is also ${same}. Set another port, 0 to have a free one picked, or remove it.`
  throw new ConfigError([{ variable: 'METRICS_PORT', problem }])
}

function tlsOf(read: {
  INTERNAL_TLS_CERT?: string | undefined
  INTERNAL_TLS_KEY?: string | undefined
  INTERNAL_TLS_CA?: string | undefined
}): Config['internalTls'] {
  const files = { cert: read.INTERNAL_TLS_CERT, key: read.INTERNAL_TLS_KEY, ca: read.INTERNAL_TLS_CA }
  const { cert, key, ca } = files
  if (cert !== undefined && key !== undefined && ca !== undefined) return { cert, key, ca }
  const missing = Object.entries(files).filter(([, path]) => path === undefined)
  if (missing.length === 3) return undefined
  throw new ConfigError(
    missing.map(([name]) => ({
      variable: `INTERNAL_TLS_${name.toUpperCase()}`,
      problem: 'is missing: INTERNAL_TLS_CERT, INTERNAL_TLS_KEY and INTERNAL_TLS_CA belong together. Set all, or none.',
    })),
  )
}

/** The settings of this process, with those of a `.env` file where there is one: the one place that reads them. */
export function processConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return readConfig(process.env)
}

/** The environment of this process with some settings changed, for a program that it starts. An empty one counts as not set. */
export const environmentWith = (changed: Record<string, string>): Record<string, string | undefined> => ({
  ...process.env,
  ...changed,
})

function byModule(urls: Record<string, string>): Record<string, string> {
  const named = Object.entries(urls).map(([variable, value]) => [
    variable.replace(/_DATABASE_URL$/, '').toLowerCase(),
    value,
  ])
  return Object.fromEntries(named) as Record<string, string>
}
