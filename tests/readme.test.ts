/**
 * The README, tried from an empty folder by copy and paste: every block of it, in order. What it takes for granted is changed here and
 * nowhere else: the port 4000 and those of the topology, and the retailer's file and its days.
 */
import { chmod, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { removePostgres } from '#platform/data/embedded-postgres'
import { freePort } from '#testing/cluster'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTerminal, type Terminal } from './processes/terminal.ts'

const root = join(import.meta.dirname, '..')
const readme = await readFile(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text = '']) => ({ language, text }))

/** The one block that holds the words. */
function blockWith(words: string): string {
  const found = blocks.filter(({ text }) => text.includes(words))
  if (found.length !== 1) throw new Error(`${found.length} blocks of the README hold "${words}".`)
  return found[0]!.text
}

let folder: string
let port: number
let terminal: Terminal

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'markethall-readme-'))
  // As root the database belongs to another user, who must be able to enter.
  await chmod(folder, 0o755)
  for (const name of ['package.json', 'tsconfig.json', 'src', 'drizzle', 'topologies', 'workers'])
    await cp(join(root, name), join(folder, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(
    join(folder, 'online-retail.csv.gz'),
    gzipSync(await readFile(join(root, 'tests/fixtures/trade/two-days.csv'))),
  )
  port = await freePort()
  const { PATH = '', HOME = '' } = process.env
  terminal = openTerminal({ cwd: folder, env: { PATH, HOME, PORT: String(port), LOG_LEVEL: 'warn' } })
  await sparePorts(join(folder, 'topologies/orders-out.json'))
  await terminal.startUntil('npm start', /^Markethall is open at/)
})

afterAll(async () => {
  await terminal.stopAll()
  await removePostgres(join(folder, '.hall'))
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** Other ports for the processes of a topology: those that it names may be taken on this machine. */
async function sparePorts(file: string): Promise<void> {
  let text = await readFile(file, 'utf8')
  for (const url of new Set(text.match(/127\.0\.0\.1:\d+/g)))
    text = text.replaceAll(url, `127.0.0.1:${await freePort()}`)
  await writeFile(file, text)
}

/** Runs a block, or a part of one, as somebody would who copies it into a terminal. */
async function paste(text: string): Promise<string> {
  const adapted = text
    .replaceAll('http://127.0.0.1:4000', `http://127.0.0.1:${port}`)
    .replaceAll('2010-12-01', '2011-03-07')
    .replaceAll('2010-12-31', '2011-03-08')
  return terminal.run(adapted)
}

test('every block is tried here', () => {
  const tried = [
    'npm ci && npm start',
    'hall -- look',
    '// buy.ts',
    'ask() {',
    'hall -- trade',
    '--process orders',
    'flowchart',
    'hall -- dead',
    '/metrics -H',
    'docker compose',
    'npm ci && npm test',
  ]
  expect(blocks.map(({ text }) => tried.filter((words) => text.includes(words)))).toEqual(tried.map((words) => [words]))
})

test('the three lines look, buy and report', async () => {
  const said = await paste(blockWith('hall -- look'))
  expect(said).toContain('CANDLE-BEESWAX-SHORT')
  expect(said).toMatch(/order.*1001/i)
})

test('the typed client buys', async () => {
  const program = blockWith('// buy.ts')
  await writeFile(join(folder, 'buy.ts'), program.replace('http://127.0.0.1:4000', `http://127.0.0.1:${port}`))
  // Its first line says how it is run.
  const said = await paste(/^\/\/ buy\.ts: (.+)$/m.exec(program)![1]!)
  expect(said).toContain('number: 1002')
  expect(said).toContain("sku: 'CANDLE-BEESWAX-SHORT'")
  // The code itself, comments, imports and blank lines aside.
  expect(program.split('\n').filter((line) => line !== '' && !line.startsWith('//')).length).toBeLessThanOrEqual(15)
})

test('what failed for good is asked for, and there is none', async () => {
  const said = await paste(blockWith('hall -- dead'))
  expect(said).toContain('Nothing failed for good.')
  expect(said).toContain('--because <text>')
  expect(said).toContain('not a row differs')
})

test('the figures are told to the owner', async () => {
  expect(await paste(blockWith('/metrics -H'))).toMatch(/^markethall_calls_total\{caller="clients",callee="checkout",/m)
})

test('curl searches, registers and sets a price', async () => {
  const said = await paste(blockWith('ask() {'))
  const [search, account, price] = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).result.data)
  expect(search.items).toHaveLength(1)
  expect(account).toMatchObject({ email: 'ada@example.com', roles: [] })
  expect(price).toMatchObject({ sku: 'CANDLE-BEESWAX-SHORT', price: { amountMinor: 450, currency: 'GBP' } })
})

test('a retailer trades, is reported and audited', async () => {
  const said = await paste(blockWith('hall -- trade'))
  expect(said).toContain('50')
  expect(said).toMatch(/intact/i)
  const report = await paste('npm run -s hall -- report --from 2010-12-01 --to 2010-12-31 --json')
  expect(JSON.parse(report)).toMatchObject({ orders: 50, grossMinor: 1_727_972 + 574_454 })
})

test('orders leaves, and the same commands go on', async () => {
  await terminal.stopAll()
  const [orders = '', hall = ''] = blockWith('--process orders').trim().split('\n')
  await terminal.startUntil(orders, /is ready at/)
  await terminal.startUntil(hall, /^Markethall is open at/)
  expect(await paste('npm run -s hall -- buy CANDLE-BEESWAX-SHORT')).toMatch(/order/i)
})

test('the commands for working on it exist', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: object }
  const named = [...blockWith('npm ci && npm test').matchAll(/npm run (\w+)/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(1)
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
})
