import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { chown, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { makeOwnFolder, type PostgresPlace } from './postgres-place.ts'
import { commandLineOf } from './process-mark.ts'

export const SUPERUSER = 'postgres'

export type ServerOptions = { port: number; password: string; fsync: boolean; maxConnections: number; logFile: string }

const POLL_MS = 20
// Recovery after a crash replays what was written since the last checkpoint.
const READY_MS_MAX = 120_000
const STOP_MS_MAX = 30_000
const LOG_BYTES_MAX = 10_000_000
const CLUSTER_BYTES_MIN = 200_000_000

/** Makes a new cluster. Its folder appears whole or not at all, whenever this process dies. */
export async function createCluster(
  place: PostgresPlace,
  options: { password: string; fsync: boolean },
): Promise<void> {
  const { dataFolder, runAs } = place
  await assertSpace(dirname(dataFolder))
  await removeDrafts(dataFolder)
  const draft = `${dataFolder}.new-${randomBytes(4).toString('hex')}`
  const passwordFile = `${draft}.password`
  makeOwnFolder(draft, runAs)
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600, flag: 'wx' })
  if (runAs !== undefined) await chown(passwordFile, runAs.uid, runAs.gid)
  try {
    // PostgreSQL's own locale sorts alike on every machine; the system's depends on what is installed.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const access = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`]
    const sync = options.fsync ? [] : ['--no-sync']
    await runProgram(place, { program: 'initdb', args: [`--pgdata=${draft}`, ...locale, ...access, ...sync] })
    await rename(draft, dataFolder)
  } finally {
    await removeDrafts(dataFolder)
  }
}

/** For data whose recorded password is lost. The server must not run. */
export async function resetPassword(place: PostgresPlace, password: string): Promise<void> {
  const input = `ALTER ROLE ${SUPERUSER} PASSWORD '${password}'\n`
  await runProgram(place, { program: 'postgres', args: ['--single', '-D', place.dataFolder, 'postgres'], input })
}

export type StartOutcome = { port: number } | { lost: 'port' | 'race' | 'memory' }

/**
 * Starts the server, in a session of its own so that it outlives this process and what is signalled to its group, and
 * waits until it answers. `lost` says that a repetition may succeed: the port was taken meanwhile, another server of
 * this folder was faster, or one that was killed has not quite gone.
 */
export async function startServer(place: PostgresPlace, options: ServerOptions): Promise<StartOutcome> {
  const logStart = prepareLog(options.logFile)
  const logFd = openSync(options.logFile, 'a', 0o600)
  const child = spawn(join(place.binFolder, 'postgres'), serverArguments(place.dataFolder, options), {
    ...place.runAs,
    cwd: '/',
    env: { LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', logFd, logFd],
  })
  closeSync(logFd)
  const failureOf = watch(child)
  child.unref()
  const deadline = performance.now() + READY_MS_MAX
  while (failureOf() === undefined && performance.now() < deadline) {
    if ((await probe(options)) === 'ready') return { port: options.port }
    await pause(POLL_MS)
  }
  child.kill('SIGQUIT')
  return explainFailedStart(failureOf(), readFileSync(options.logFile).subarray(logStart).toString())
}

/** Fast shutdown: sessions are ended, everything is written. If that takes too long, as after a crash: recovery follows. */
export async function stopServer(dataFolder: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const server = findServer(dataFolder)
    if (server === undefined) return
    process.kill(server.pid, signal)
    const deadline = performance.now() + STOP_MS_MAX
    while (performance.now() < deadline) {
      if (findServer(dataFolder) === undefined) return
      await pause(POLL_MS)
    }
  }
  throw new Error(`The PostgreSQL of ${dataFolder} does not stop. End process ${findServer(dataFolder)?.pid} by hand.`)
}

/** The running server of this folder. What its pid file says is believed only if that process is a server of the folder. */
export function findServer(dataFolder: string): { pid: number; port: number } | undefined {
  const [pid, , , port] = pidFileLines(dataFolder).map(Number)
  if (!pid || !commandLineOf(pid)?.includes(`-D ${dataFolder} `)) return undefined
  return { pid, port: port ?? 0 }
}

/**
 * After a crash the pid file may name a number that another process bears by now, and PostgreSQL would not start. The
 * file's other lines stay, since by them PostgreSQL finds out whether parts of the dead server still live.
 */
export function disarmStalePidFile(dataFolder: string): void {
  const [pid, ...others] = pidFileLines(dataFolder)
  if (!pid || findServer(dataFolder) !== undefined || commandLineOf(Number(pid)) === undefined) return
  const nobodysPid = '999999999'
  writeFileSync(join(dataFolder, 'postmaster.pid'), [nobodysPid, ...others].join('\n'))
}

/** `refused`: a server answers, and does not know our password. */
export async function probe(target: { port: number; password: string }): Promise<'ready' | 'waiting' | 'refused'> {
  const client = connectTo(target)
  try {
    await client.connect()
    await client.end()
    return 'ready'
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === TOO_MANY_CONNECTIONS) return 'ready'
    return code === INVALID_PASSWORD ? 'refused' : 'waiting'
  }
}

export async function ensureDatabase(target: { port: number; password: string }, name: string): Promise<void> {
  const client = connectTo(target)
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

/** `wanted` if nobody listens there, else one that the system picks. */
export async function freePort(wanted: number | undefined): Promise<number> {
  const port = (wanted === undefined ? undefined : await tryPort(wanted)) ?? (await tryPort(0))
  if (port === undefined) throw new Error('No free port on 127.0.0.1. Is its network interface up?')
  return port
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const listener = createServer()
    listener.once('error', () => resolve(undefined))
    listener.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = listener.address()
      listener.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

const TOO_MANY_CONNECTIONS = '53300'
const INVALID_PASSWORD = '28P01'

function connectTo({ port, password }: { port: number; password: string }): Client {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 5000,
  })
  // A server that stops under an open connection reports it here; the pending call fails by itself.
  client.on('error', () => {})
  return client
}

function serverArguments(dataFolder: string, options: ServerOptions): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    wal_level: 'logical',
    max_connections: options.maxConnections,
    max_locks_per_transaction: 256,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    jit: 'off',
    // What may be lost is for tests: hundreds of small databases, which nobody need tidy up.
    ...(options.fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', dataFolder, '-p', String(options.port), ...flags]
}

function watch(child: ChildProcess): () => Error | undefined {
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  child.once('exit', (code, signal) => (failure = new Error(`it ended with ${code ?? signal}`)))
  return () => failure
}

function explainFailedStart(failure: Error | undefined, log: string): StartOutcome {
  if (log.includes('could not bind')) return { lost: 'port' }
  if (/lock file "postmaster.pid" already exists/.test(log)) return { lost: 'race' }
  if (log.includes('pre-existing shared memory block')) return { lost: 'memory' }
  const why = failure?.message ?? `it did not answer within ${READY_MS_MAX / 1000} seconds`
  throw new Error(`The embedded PostgreSQL did not start: ${why}. ${adviceFor(log)}\n${log.trim().slice(-2000)}`)
}

function adviceFor(output: string): string {
  if (output.includes('No space left on device')) return 'The disk is full: make room, or move DATA_DIR.'
  if (output.includes('Permission denied')) {
    return 'The user it runs as can no longer reach its folder: allow everybody to enter DATA_DIR and its parents (chmod o+x).'
  }
  if (output.includes('incompatible with server')) {
    return 'Its data is of another PostgreSQL release: go back to the earlier version of Markethall, or move the data.'
  }
  if (/shared memory|Cannot allocate memory/.test(output)) return 'The machine gives it too little memory.'
  return 'Its log says why:'
}

type Run = { program: 'initdb' | 'postgres'; args: string[]; input?: string }

async function runProgram(place: PostgresPlace, { program, args, input }: Run): Promise<void> {
  const options = { ...place.runAs, cwd: '/', env: { LC_ALL: 'C' } }
  await new Promise<void>((resolve, reject) => {
    const child = execFile(join(place.binFolder, program), args, options, (error, stdout, stderr) => {
      if (error === null) return resolve()
      const output = `${stdout}${stderr}`.trim()
      reject(new Error(`${program} failed. ${adviceFor(output)}\n${output.slice(-2000)}`, { cause: error }))
    })
    child.stdin?.end(input ?? '')
  })
}

async function assertSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= CLUSTER_BYTES_MIN) return
  throw new Error(
    `${folder} has less than ${CLUSTER_BYTES_MIN / 1e6} MB left, too little for a database: make room, or move DATA_DIR.`,
  )
}

// Left by a start that was killed. An initdb that outlived it fails for want of its folder, and harms nothing.
async function removeDrafts(dataFolder: string): Promise<void> {
  const home = dirname(dataFolder)
  const drafts = (await readdir(home)).filter((name) => name.startsWith(`${basename(dataFolder)}.new-`))
  await Promise.all(drafts.map((name) => rm(join(home, name), { recursive: true, force: true })))
}

/** Returns the byte at which this start's lines will begin. */
function prepareLog(path: string): number {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 }
  if (size <= LOG_BYTES_MAX) return size
  renameSync(path, `${path}.1`)
  return 0
}

function pidFileLines(dataFolder: string): string[] {
  try {
    return readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
