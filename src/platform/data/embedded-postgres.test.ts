import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { acquirePostgres, removePostgres } from './embedded-postgres.ts'
import { findServer } from './postgres-server.ts'

const asRoot = process.getuid?.() === 0

test('processes share one server, and the last to release stops it', async () => {
  await using home = await temporaryHome()
  const [one, other] = [startUser(home.dataDir), startUser(home.dataDir)]
  const [url, otherUrl] = [await one.url, await other.url]
  expect(otherUrl).toBe(url)
  expect(await readdir(join(home.dataDir, 'postgres.users'))).toHaveLength(2)
  const settings = 'wal_level max_connections max_locks_per_transaction timezone fsync'.split(' ')
  const shown = settings.map((name) => `current_setting('${name}') AS ${name}`)
  expect(await ask(url, `SELECT current_database() AS db, ${shown.join(', ')}`)).toEqual([
    {
      db: 'markethall',
      wal_level: 'logical',
      max_connections: '300',
      max_locks_per_transaction: '256',
      timezone: 'UTC',
      fsync: 'off',
    },
  ])
  const mine = await acquirePostgres({ dataDir: home.dataDir })
  const again = await acquirePostgres({ dataDir: home.dataDir })
  await one.release()
  await mine.release()
  await mine.release()
  await other.release()
  expect(await ask(again.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])
  await again.release()
  expect(await home.server()).toBeUndefined()
  expect(await readdir(join(home.dataDir, 'postgres.users'))).toEqual([])
})

test('a server whose users were all killed is found again, and its dead users do not count', async () => {
  await using home = await temporaryHome()
  const starter = startUser(home.dataDir)
  const url = await starter.url
  const before = await home.server()
  // As Ctrl-C and a terminal that closes do it: to the whole group.
  await starter.killGroup('SIGINT')
  await startUser(home.dataDir).killGroupOnceReady('SIGKILL')
  // A number that is in use again is not the process that registered.
  await writeFile(
    join(home.dataDir, 'postgres.users', `${process.pid}-x`),
    JSON.stringify({ pid: process.pid, began: 'before' }),
  )
  const heir = await acquirePostgres({ dataDir: home.dataDir })
  expect(heir.url).toBe(url)
  expect(await home.server()).toEqual(before)
  await heir.release()
  expect(await home.server()).toBeUndefined()
})

test('a server that dies under its users is started again where it was, once', async () => {
  await using home = await temporaryHome()
  const other = startUser(home.dataDir)
  const url = await other.url
  await using mine = await acquirePostgres({ dataDir: home.dataDir, fsync: false })
  const { pid, port } = (await home.server())!
  process.kill(pid, 'SIGKILL')
  const alive = () => ask(mine.url, 'SELECT 1 AS alive').catch(() => undefined)
  await expect.poll(alive, { timeout: 20_000 }).toEqual([{ alive: 1 }])
  const heir = await home.server()
  expect(heir).toMatchObject({ port })
  expect(heir!.pid).not.toBe(pid)
  expect(mine.url).toBe(url)
  // Whoever releases last still stops it, and it stays so.
  await other.release()
  await mine.release()
  expect(await home.server()).toBeUndefined()
})

test('after a crash of server and users the next start serves the same data, whoever has its port and pid', async () => {
  await using home = await temporaryHome()
  // Durable, unlike the other tests': what was committed must be there.
  const starter = startUser(home.dataDir, { fsync: true })
  const url = await starter.url
  await ask(url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  const server = (await home.server())!
  await starter.killGroup('SIGKILL')
  process.kill(server.pid, 'SIGKILL')
  await expect.poll(() => home.server()).toBeUndefined()
  const pidFile = join(await home.dataFolder(), 'postmaster.pid')
  const lines = (await readFile(pidFile, 'utf8')).split('\n')
  await writeFile(pidFile, [process.pid, ...lines.slice(1)].join('\n'))
  const squatter = await squat(server.port)
  try {
    await using heir = await acquirePostgres({ dataDir: home.dataDir })
    expect(new URL(heir.url).port).not.toBe(String(server.port))
    expect(await ask(heir.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  } finally {
    squatter.close()
  }
})

test('a start that is killed while it makes the cluster, or starts it, is finished by the next', async () => {
  await using home = await temporaryHome()
  const makes = startUser(home.dataDir)
  await expect
    .poll(() => readdir(home.dataDir), { interval: 5, timeout: 20_000 })
    .toContainEqual(expect.stringMatching(/^postgres\.new-\w+$/))
  await makes.killGroup('SIGKILL')
  const starts = startUser(home.dataDir)
  await expect.poll(() => readdir(home.dataDir), { interval: 5, timeout: 20_000 }).toContain('postgres.log')
  await starts.killGroup('SIGKILL')
  const heir = await acquirePostgres({ dataDir: home.dataDir, fsync: false })
  expect(await ask(heir.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])
  expect((await readdir(home.dataDir)).filter((name) => name.includes('.new'))).toEqual([])
  // Without the recorded password the data is still ours.
  await expect(
    rm(join(home.dataDir, 'postgres.json')).then(() => acquirePostgres({ dataDir: home.dataDir })),
  ).rejects.toThrow('while other processes of the hall run')
  await heir.release()
  await using next = await acquirePostgres({ dataDir: home.dataDir, fsync: false })
  expect(new URL(next.url).password).not.toBe(new URL(heir.url).password)
  expect(await ask(next.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])
})

test.runIf(asRoot)('below a folder that only root may enter, data and binaries lie elsewhere', async () => {
  await using home = await temporaryHome(0o700)
  const postgres = await acquirePostgres({ dataDir: home.dataDir, fsync: false })
  const dataFolder = await home.dataFolder()
  expect(dataFolder.startsWith(home.dataDir)).toBe(false)
  expect(await ask(postgres.url, 'SELECT current_setting($$data_directory$$) AS folder')).toEqual([
    { folder: dataFolder },
  ])
  await expect(removePostgres(home.dataDir)).rejects.toThrow('in use')
  await postgres.release()
  await removePostgres(home.dataDir)
  await expect(readdir(dataFolder)).rejects.toThrow('ENOENT')
})

async function temporaryHome(mode = 0o755) {
  const dataDir = await mkdtemp(join(tmpdir(), 'hall-postgres-'))
  await chmod(dataDir, mode)
  const dataFolder = async () => {
    const state = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as { dataFolder: string }
    return state.dataFolder
  }
  return {
    dataDir,
    dataFolder,
    server: async () => findServer(await dataFolder()),
    async [Symbol.asyncDispose]() {
      // Whatever a failed test left running.
      await acquirePostgres({ dataDir, fsync: false }).then((postgres) => postgres.release())
      await removePostgres(dataDir)
      await rm(dataDir, { recursive: true })
    },
  }
}

const USER = `
  import { acquirePostgres } from ${JSON.stringify(import.meta.resolve('./embedded-postgres.ts'))}
  const postgres = await acquirePostgres({ dataDir: process.argv[1], fsync: process.argv[2] === 'true' })
  console.log(postgres.url)
  process.stdin.once('data', async () => { await postgres.release(); process.exit(0) })
`

/** A process that acquires, and releases when it is told to; it leads a process group of its own. */
function startUser(dataDir: string, { fsync } = { fsync: false }) {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    ['--input-type=module', '-e', USER, dataDir, String(fsync)],
    { detached: true, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const url = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    void ended.then(() => reject(new Error('The process ended before it had the database.')))
  })
  url.catch(() => {})
  const killGroup = async (signal: NodeJS.Signals) => {
    process.kill(-child.pid!, signal)
    await ended
  }
  return {
    url,
    killGroup,
    killGroupOnceReady: (signal: NodeJS.Signals) => url.then(() => killGroup(signal)),
    async release() {
      child.stdin.write('release\n')
      expect(await ended).toBe(0)
    },
  }
}

async function ask(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

/** Listens on a port as soon as it is free: a killed server's own children hold it until they notice. */
async function squat(port: number): Promise<Server> {
  for (const giveUpAt = Date.now() + 20_000; ; await delay(20)) {
    const squatter = createServer()
    const heard = await new Promise<'listening' | NodeJS.ErrnoException>((resolve) => {
      squatter.once('error', resolve).listen(port, '127.0.0.1', () => resolve('listening'))
    })
    if (heard === 'listening') return squatter
    if (heard.code !== 'EADDRINUSE' || Date.now() > giveUpAt) throw heard
  }
}
