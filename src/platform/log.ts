import { type DestinationStream, type Logger, destination, pino, stdSerializers, stdTimeFunctions } from 'pino'

/** A structured log. `log.child({ requestId })` stamps everything that one request causes. */
export type Log = Logger

export type LogOptions = {
  /** A pino level, or `silent`. */
  level: string
  name?: string
  /** Where lines go; standard error unless a test wants to read them. */
  destination?: DestinationStream
}

const SECRETS = [
  'authorization',
  'apiKey',
  'cardToken',
  'cookie',
  'hallKey',
  'hallSecret',
  'key',
  'metricsToken',
  'password',
  'secret',
  'token',
  '["x-api-key"]',
]

// A wildcard stands for exactly one level: secrets are looked for at the top, one and two levels down, which
// reaches the headers of a logged request.
const secretPaths = SECRETS.flatMap((secret) => {
  const tail = secret.startsWith('[') ? secret : `.${secret}`
  return [secret, `*${tail}`, `*.*${tail}`]
})

/**
 * An error without the values of the statement that failed: drizzle writes them into its message, PostgreSQL the row
 * into its detail, and tokens and cards are among them. Nor with the connection that pg hangs on the loss of one: pages
 * of its insides, its prepared statements and its settings.
 */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { params: _params, detail: _detail, client: _client, ...shown } = stdSerializers.err(error)
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { params } = at as { params?: unknown }
    if (!Array.isArray(params) || params.length === 0) continue
    const values = `params: ${String(params)}`
    shown.message = shown.message.replaceAll(values, 'params: [redacted]')
    shown.stack = shown.stack.replaceAll(values, 'params: [redacted]')
  }
  return shown
}

/**
 * JSON lines on standard error, written at once: standard output belongs to what a command prints, and a line that
 * explains a crash must not die in a buffer.
 */
export function createLog({ level, name, destination: stream }: LogOptions): Log {
  return pino(
    {
      level,
      base: name === undefined ? { pid: process.pid } : { pid: process.pid, name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    stream ?? destination({ dest: 2, sync: true }),
  )
}
