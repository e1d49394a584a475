/** `hall up` as a real process: a whole topology that starts, mends itself, and ends, whatever becomes of whoever started it. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removePostgres } from '#platform/data/embedded-postgres'
import { markOf } from '#platform/data/process-mark'
import { freePort } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createHallCalls } from '../src/commands/hall-calls.ts'
import { reasonOf } from './topologies/shop.ts'
import { beginToCreateCart } from './processes/begun-request.ts'
import { childrenOf, type Program, startProgram } from './processes/program.ts'

const openLine = /^Markethall is open at (http:\/\/127\.0\.0\.1:\d+)$/
const unknownOrder = { id: 'ord_00000000-0000-7000-8000-000000000000' }

let dataDir: string
let file: string

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'markethall-up-'))
  // As root the database belongs to another user, who must be able to enter.
  await chmod(dataDir, 0o755)
  file = await writeTopology({ stall: { modules: ['orders'], url: 'http://orders.shop.example:4001' } })
})
afterAll(async () => {
  await removePostgres(dataDir)
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
})

/** A topology of the stalls, and a hall for the rest. */
async function writeTopology(stalls: object): Promise<string> {
  const hall = { modules: ['*'], url: `http://127.0.0.1:${await freePort()}`, gateway: true }
  const path = join(dataDir, 'topology.json')
  await writeFile(path, JSON.stringify({ processes: { ...stalls, hall } }))
  return path
}

type Row = { pid: number; address: string; state: string; restarts: number }
type Up = Program & { url: string; rows(): Record<string, Row> }

function start(args: readonly string[] = [], env: Record<string, string> = {}): Program {
  const settings = { PORT: '0', DATA_DIR: dataDir, DEMO: 'off', LOG_LEVEL: 'info' }
  const program = startProgram('src/hall.ts', ['up', file, ...args], { ...settings, ...env })
  onTestFinished(async () => void (await program.kill()))
  return program
}

/** Starts it, and waits until it shows that all is ready. */
async function startAll(args?: readonly string[]): Promise<Up> {
  const program = start(args)
  const [, url] = await program.line(openLine)
  const rows = () => rowsOf(program.err)
  await eventually(
    async () => rows(),
    ({ hall }) => hall?.state === 'ready',
  )
  return { ...program, url: url!, rows }
}

/** The processes as the table shows them that was shown last. */
function rowsOf(lines: readonly string[]): Record<string, Row> {
  const found = lines.flatMap((line) => {
    const [, name, pid, address, state, restarts] =
      /^(\S+) {2,}\S.*? {2,}(\d+|-) {2,}(\S+) {2,}(\S.*?) {2,}(\d+)$/.exec(line) ?? []
    return name === undefined
      ? []
      : [[name, { pid: Number(pid), address: address!, state: state!, restarts: Number(restarts) }] as const]
  })
  return Object.fromEntries(found)
}

const postgresPid = async (): Promise<number> =>
  (JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as { pid: number }).pid

/** All that runs of a topology: its processes, what they have started, and the database. */
async function pidsOf({ rows }: Up): Promise<number[]> {
  const own = Object.values(rows()).map(({ pid }) => pid)
  return [...own, ...own.flatMap(childrenOf), await postgresPid()]
}

const running = (pids: readonly number[]) => pids.filter((pid) => markOf(pid) !== undefined)
const allEnded = (pids: readonly number[]) =>
  eventually(
    async () => running(pids),
    (left) => left.length === 0,
  )

test('a topology starts with a database of its own, mends itself, and ends as a whole', async () => {
  const up = await startAll()
  expect(up.rows()).toMatchObject({
    stall: { address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), state: 'ready', restarts: 0 },
    hall: { address: up.url, state: 'ready', restarts: 0 },
  })
  expect(up.err).toContainEqual(expect.stringMatching(/^stall \| Markethall's stall is ready at http/))
  expect(up.err).toContainEqual(
    expect.stringMatching(/^up +\| \d\d:\d\d:\d\d info +embedded PostgreSQL is ready +port=\d+/),
  )
  const { orders } = createHallCalls(up.url, undefined)
  const askOrders = () => orders.get.query(unknownOrder).then(() => 'found', reasonOf)
  expect(await askOrders()).toBe('orders.unknown_order')

  process.kill(up.rows()['stall']!.pid, 'SIGKILL')
  await eventually(
    async () => up.rows()['stall'],
    (row) => row?.state === 'ready' && row.restarts === 1,
  )
  expect(up.err).toContainEqual(expect.stringMatching(/warn +stall ended by itself, and is started again +how=SIGKILL/))
  await eventually(askOrders, (reason) => reason === 'orders.unknown_order')
  const tables = up.err.filter((line) => line.startsWith('process ')).length
  process.kill(up.pid, 'SIGUSR1')
  await eventually(
    async () => up.err.filter((line) => line.startsWith('process ')).length,
    (count) => count > tables,
  )

  const pids = await pidsOf(up)
  expect(running(pids).length).toBeGreaterThanOrEqual(4)
  expect(await up.stop()).toEqual({ code: 0, signal: null })
  expect(running(pids)).toEqual([])
})

test('what runs ends by itself when the supervisor is killed, the database with it', async () => {
  const up = await startAll()
  const pids = await pidsOf(up)
  await up.kill()
  await allEnded(pids)
})

test('workers of their own are a part of it, and a second Ctrl-C waits for nothing', async () => {
  const up = await startAll(['--workers', '1'])
  expect(up.rows()).toMatchObject({ 'worker-1': { state: 'ready', address: '-' } })
  expect(up.err).toContainEqual(expect.stringMatching(/^worker-1 +all +\d+ +- +ready +0$/))
  const pids = await pidsOf(up)
  await beginToCreateCart(up.url)
  process.kill(up.pid, 'SIGINT')
  await eventually(
    async () => up.err,
    (lines) => lines.some((line) => /^up +\| .*closing +signal=SIGINT/.test(line)),
  )
  expect(running([up.rows()['hall']!.pid])).toHaveLength(1)
  process.kill(up.pid, 'SIGINT')
  expect(await up.ended).toEqual({ code: 130, signal: null })
  // Nobody was left to end the database; the next start finds it.
  await allEnded(pids.filter((pid) => pid !== pids.at(-1)))
})

test('one that cannot start ends all, and is said why', async () => {
  const nowhere = `postgres://u:a-password@127.0.0.1:${await freePort()}/x`
  const up = start([], { ORDERS_DATABASE_URL: nowhere })
  expect(await up.ended).toEqual({ code: 1, signal: null })
  const { host } = new URL(nowhere)
  expect(up.err.slice(-2)).toEqual([
    'stall cannot be started. It ended with code 1.',
    `No database answers at ${host}. Start it, or correct ORDERS_DATABASE_URL.`,
  ])
  expect(up.err.join('\n')).not.toContain('a-password')
  expect(childrenOf(up.pid)).toEqual([])
})
