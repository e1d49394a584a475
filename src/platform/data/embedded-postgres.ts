import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { prepareDataFolder } from './data-folder.ts'
import { withFileLock } from './file-lock.ts'
import { keepRunning } from './postgres-keeper.ts'
import { fallbackHome, findPlace, type PostgresPlace } from './postgres-place.ts'
import * as server from './postgres-server.ts'
import { isRunning, markOf, type ProcessMark } from './process-mark.ts'

/**
 * One PostgreSQL for all processes of a hall that was given no database.
 *
 * Whoever comes first starts it; whoever comes later finds it by `DATA_DIR/postgres.json`. Each user leaves a file in
 * `DATA_DIR/postgres.users`, and the last one to release stops the server. All of this happens under one lock that
 * ends with its holder. Users that were killed are recognised by their marks, and a server that they left behind is
 * adopted by the next start, which also finishes what a killed start had begun. One that dies under its users is
 * started again by the first of them who notices.
 */

export type PostgresOptions = {
  /** Made if it is missing. As root it should be enterable for everybody, or the data goes below /var/lib. */
  dataDir: string
  /** False gives up durability for speed: for tests. Counts when the server is started, not when it is adopted. */
  fsync?: boolean
  maxConnections?: number
  log?: Log | undefined
}

export type AcquiredPostgres = AsyncDisposable & {
  /** Superuser access to the database `markethall`. */
  url: string
  /** To be called after the last connection is closed. Repeating it is harmless. */
  release(): Promise<void>
}

type State = {
  port: number
  /** For people and tools; the server's own pid file decides. */
  pid?: number
  password: string
  dataFolder: string
  binFolder: string
}

const DATABASE = 'markethall'
const LOCK_MS_MAX = 180_000
const START_ATTEMPTS_MAX = 20
const POLL_MS = 50
const PORT_MS_MAX = 10_000

export async function acquirePostgres(options: PostgresOptions): Promise<AcquiredPostgres> {
  await prepareDataFolder(options.dataDir)
  const dataDir = await realpath(options.dataDir)
  const { state, registration } = await withFileLock(join(dataDir, 'postgres.lock'), LOCK_MS_MAX, async () => ({
    state: await findOrStart(dataDir, options),
    registration: await register(dataDir),
  }))
  const keeper = keepRunning({
    isRunning: () => server.findServer(state.dataFolder) !== undefined,
    startAgain: () => startAgain(dataDir, state.port, options),
    log: options.log,
  })
  let released: Promise<void> | undefined
  const release = () => (released ??= keeper.stop().then(() => releaseOnce(dataDir, registration, options.log)))
  return {
    url: `postgres://${server.SUPERUSER}:${state.password}@127.0.0.1:${state.port}/${DATABASE}`,
    release,
    [Symbol.asyncDispose]: release,
  }
}

/** Deletes the data of a stopped server, also what lies outside of DATA_DIR: for tests. */
export async function removePostgres(dataDirGiven: string): Promise<void> {
  const dataDir = await realpath(dataDirGiven)
  await withFileLock(join(dataDir, 'postgres.lock'), LOCK_MS_MAX, async () => {
    const dataFolder = (await readState(dataDir))?.dataFolder ?? join(dataDir, 'postgres')
    if (server.findServer(dataFolder) !== undefined) throw new Error(`The PostgreSQL of ${dataDir} is in use.`)
    const kept = ['postgres.json', 'postgres.users', 'postgres.log'].map((name) => join(dataDir, name))
    for (const path of [dataFolder, fallbackHome(dataDir), ...kept]) await rm(path, { recursive: true, force: true })
  })
}

async function releaseOnce(dataDir: string, registration: string, log: Log | undefined): Promise<void> {
  await withFileLock(join(dataDir, 'postgres.lock'), LOCK_MS_MAX, async () => {
    await rm(registration, { force: true })
    if ((await countUsers(dataDir)) > 0) return
    const dataFolder = (await readState(dataDir))?.dataFolder ?? join(dataDir, 'postgres')
    await server.stopServer(dataFolder)
    log?.info({ dataFolder }, 'embedded PostgreSQL stopped')
  })
}

/** At the port where its users know it. Throws if somebody else has that by now. */
async function startAgain(dataDir: string, port: number, options: PostgresOptions): Promise<void> {
  await withFileLock(join(dataDir, 'postgres.lock'), LOCK_MS_MAX, async () => {
    const { dataFolder } = await recordedState(dataDir)
    // What is left of the dead server holds its port until it notices.
    const deadline = performance.now() + PORT_MS_MAX
    while (server.findServer(dataFolder) === undefined && (await server.freePort(port)) !== port) {
      if (performance.now() > deadline)
        throw new Error(`Port ${port} of the embedded PostgreSQL is taken. End what uses it, or restart the hall.`)
      await pause(POLL_MS)
    }
    await findOrStart(dataDir, options)
  })
}

async function findOrStart(dataDir: string, options: PostgresOptions): Promise<State> {
  const place = findPlace(dataDir, (await readState(dataDir))?.dataFolder)
  await ensureCluster(dataDir, place, options.fsync ?? true)
  for (let attempt = 1; attempt <= START_ATTEMPTS_MAX; attempt++) {
    const state = (await adopt(dataDir, place)) ?? (await start(dataDir, place, options))
    if (state !== undefined) {
      await server.ensureDatabase(state, DATABASE)
      options.log?.info(
        { port: state.port, serverPid: state.pid, dataFolder: state.dataFolder },
        'embedded PostgreSQL is ready',
      )
      return state
    }
    await pause(POLL_MS * attempt)
  }
  throw new Error(
    `The embedded PostgreSQL of ${place.dataFolder} cannot be started, since parts of an earlier one still run. ` +
      'End all processes named postgres that use this folder, and start the hall again.',
  )
}

/** Afterwards the cluster exists, and its password is recorded. */
async function ensureCluster(dataDir: string, place: PostgresPlace, fsync: boolean): Promise<void> {
  const known = await readState(dataDir)
  const exists = existsSync(join(place.dataFolder, 'PG_VERSION'))
  if (exists && known !== undefined) return
  const state = { port: 0, password: randomBytes(24).toString('hex'), ...known, ...foldersOf(place) }
  if (exists) {
    await stopForNewPassword(dataDir, place)
    await server.resetPassword(place, state.password)
    await writeState(dataDir, state)
  } else {
    // Recorded first: a cluster without its password would be of no use to the next start.
    await writeState(dataDir, state)
    await server.createCluster(place, { password: state.password, fsync })
  }
}

async function stopForNewPassword(dataDir: string, { dataFolder }: PostgresPlace): Promise<void> {
  if ((await countUsers(dataDir)) > 0) {
    throw new Error(
      `${join(dataDir, 'postgres.json')} is missing or spoilt while other processes of the hall run. ` +
        'Stop them all, and start the hall again: its database then gets a new password.',
    )
  }
  await server.stopServer(dataFolder)
  server.disarmStalePidFile(dataFolder)
}

/** Undefined if no server runs. One that is still starting, recovering or stopping is waited for. */
async function adopt(dataDir: string, place: PostgresPlace): Promise<State | undefined> {
  const known = await recordedState(dataDir)
  const deadline = performance.now() + LOCK_MS_MAX / 2
  for (;;) {
    const running = server.findServer(place.dataFolder)
    if (running === undefined) return undefined
    const state = { ...known, ...foldersOf(place), ...running }
    const answer = await server.probe(state)
    if (answer === 'ready') {
      await writeState(dataDir, state)
      return state
    }
    if (answer === 'refused' || performance.now() > deadline) {
      const why = answer === 'refused' ? 'does not accept the password in postgres.json' : 'does not answer'
      throw new Error(
        `The PostgreSQL of ${place.dataFolder} (process ${running.pid}) ${why}. End that process, and start the hall again` +
          (answer === 'refused' ? ' after removing postgres.json: a new password is set then.' : '.'),
      )
    }
    await pause(POLL_MS)
  }
}

/** Undefined if it is worth another attempt. */
async function start(dataDir: string, place: PostgresPlace, options: PostgresOptions): Promise<State | undefined> {
  const known = await recordedState(dataDir)
  server.disarmStalePidFile(place.dataFolder)
  const port = await server.freePort(known.port === 0 ? undefined : known.port)
  const state: State = { password: known.password, port, ...foldersOf(place) }
  await writeState(dataDir, state)
  const outcome = await server.startServer(place, {
    port,
    password: state.password,
    fsync: options.fsync ?? true,
    maxConnections: options.maxConnections ?? 300,
    logFile: join(dataDir, 'postgres.log'),
  })
  if ('lost' in outcome) {
    if (outcome.lost === 'port') await writeState(dataDir, { ...state, port: 0 })
    return undefined
  }
  const started = { ...state, ...server.findServer(place.dataFolder) }
  await writeState(dataDir, started)
  return started
}

const foldersOf = ({ dataFolder, binFolder }: PostgresPlace) => ({ dataFolder, binFolder })

async function recordedState(dataDir: string): Promise<State> {
  const state = await readState(dataDir)
  if (state === undefined) throw new Error(`${join(dataDir, 'postgres.json')} vanished while the hall was starting.`)
  return state
}

async function readState(dataDir: string): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as State
  } catch (error) {
    // A file that cannot be understood is as good as none: it is made anew, with a new password.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeState(dataDir: string, state: State): Promise<void> {
  const path = join(dataDir, 'postgres.json')
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function register(dataDir: string): Promise<string> {
  const users = join(dataDir, 'postgres.users')
  await mkdir(users, { recursive: true })
  // One process may acquire more than once: each time counts.
  const path = join(users, `${process.pid}-${randomBytes(4).toString('hex')}`)
  await writeFile(path, JSON.stringify(markOf(process.pid)))
  return path
}

/** Counts the living, and clears away what the dead left. */
async function countUsers(dataDir: string): Promise<number> {
  const users = join(dataDir, 'postgres.users')
  const names = await readdir(users).catch(() => [])
  const living = await Promise.all(names.map((name) => isLiving(join(users, name))))
  const dead = names.filter((_, index) => !living[index])
  await Promise.all(dead.map((name) => rm(join(users, name), { force: true })))
  return names.length - dead.length
}

async function isLiving(path: string): Promise<boolean> {
  try {
    return isRunning(JSON.parse(await readFile(path, 'utf8')) as ProcessMark)
  } catch {
    // Half a file: its writer was killed over it.
    return false
  }
}
