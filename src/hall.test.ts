import { expect, test } from 'vitest'
import type { AuditVerdict } from './commands/audit-client.ts'
import { drawBar } from './commands/progress-bar.ts'
import { runHall } from './hall.ts'
import { readConfig } from '#platform/config'
import expected from '../tests/fixtures/trade/expected.json' with { type: 'json' }

const FIXTURE = 'tests/fixtures/trade/two-days.csv'

const INTACT: AuditVerdict = { entries: 3, head: 'c0ffee', intact: true, firstBroken: null, behind: 0 }

/** Runs a command line against a hall that accepts everything and whose audit record is as given. */
async function run(args: string, options: { verdict?: AuditVerdict; interactive?: boolean; aborted?: boolean } = {}) {
  const out: string[] = []
  let err = ''
  let connected = 0
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (text: string) => void (err += text),
    interactive: options.interactive ?? false,
    columns: 80,
  }
  const code = await runHall(args.split(' ').filter(Boolean), {
    terminal,
    config: () => readConfig({}),
    interruption: () => (options.aborted === true ? AbortSignal.abort() : new AbortController().signal),
    connect: async () => {
      connected += 1
      return {
        trade: {
          importProducts: async () => undefined,
          placedInvoices: async () => new Map(),
          receiveStock: async () => undefined,
          placeSale: async () => 'placed',
        },
        audit: { verify: async () => options.verdict ?? INTACT },
        [Symbol.asyncDispose]: async () => void (connected -= 1),
      }
    },
    reach: () => Promise.reject(new Error('No command here is to reach a running hall.')),
  })
  expect(connected).toBe(0)
  return { code, out, err }
}

test('without arguments the tool explains itself', async () => {
  const { code, out, err } = await run('')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.join('\n')).toMatch(/npm run hall -- <command>[\s\S]*look[\s\S]*buy[\s\S]*report[\s\S]*trade[\s\S]*audit/)
})

test.each([
  ['nonsense', /no command "nonsense"/],
  ['trade', /missing required argument 'file'/],
  ['trade x --from 2010-02-31', /day of the calendar/],
  ['trade x --from 2010-12-02 --to 2010-12-01', /--from 2010-12-02 is after --to 2010-12-01/],
  ['trade x --limit 0', /whole number from 1/],
  ['trade x --concurrency 65', /whole number from 1 to 64/],
  ['trade x --url nowhere', /address of a hall/],
  ['trade x --colour', /unknown option '--colour'/],
  ['trade x y', /too many arguments for 'trade'/],
  ['audit verify x', /too many arguments for 'verify'/],
  ['look --currency pounds', /three letters, for example GBP/],
  ['look --limit 0', /whole number from 1 to 100/],
  ['buy', /missing required argument/],
  ['buy MUG:0', /MUG-STONE-BLUE:2/],
  ['buy MUG:2:3', /MUG-STONE-BLUE:2/],
  ['buy MUG --country England', /two letters, for example GB/],
  ['report --from 2026-01-02 --to 2026-01-01', /--from 2026-01-02 is after --to 2026-01-01/],
  ['report x', /too many arguments for 'report'/],
  ['up', /missing required argument 'topology'/],
  ['up x --workers 0', /whole number from 1 to 16/],
  ['contracts check x', /too many arguments for 'check'/],
])('wrong use ends with 2 and says how it is right: %s', async (args, message) => {
  const { code, out, err } = await run(args)
  expect({ code, out }).toEqual({ code: 2, out: [] })
  expect(err).toMatch(message)
  expect(err).toMatch('Add --help')
})

test('what a person can put right ends with 1 and no stack trace', async () => {
  const { code, err } = await run('trade none.csv')
  expect(code).toBe(1)
  expect(err).toBe('There is no file none.csv. Give the path of a CSV file, plain or gzipped.\n')
  expect(await run('up none.json')).toEqual({
    code: 1,
    out: [],
    err: 'The topology none.json cannot be read. Check its path.\n',
  })
})

test('with --json the last line is the outcome, and without a terminal there is no bar', async () => {
  const { code, out, err } = await run(`trade ${FIXTURE} --from 2011-03-08 --to 2011-03-08 --json`)
  const { skipped, ...totals } = expected.days['2011-03-08']
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const outcome: object = JSON.parse(out.at(-1) ?? '')
  expect(outcome).toMatchObject({ ...totals, placed: totals.orders, skipped })
  expect(Object.keys(outcome)).toEqual([
    'orders',
    'lines',
    'grossMinor',
    'placed',
    'different',
    'skipped',
    'seconds',
    'ordersPerSecond',
  ])
})

test('a person sees a bar while it goes on and sentences at the end', async () => {
  const { out, err } = await run(`trade ${FIXTURE} --limit 2`, { interactive: true })
  expect(err).toMatch(/\[#+\] 2\/2 orders/)
  expect(out.join('\n')).toMatch(/2 orders with \d+ lines and £[\d.,]+ are in the hall/)
})

test('a trade that Ctrl-C stopped ends with 130 and says how to go on', async () => {
  const { code, err } = await run(`trade ${FIXTURE}`, { aborted: true })
  expect(code).toBe(130)
  expect(err).toMatch(/Stopped with 0 of \d+ orders.*Run it again/)
})

test('audit verify ends with 0 on a whole record and with 1 on a broken one', async () => {
  expect(await run('audit verify')).toMatchObject({ code: 0, out: [expect.stringMatching(/intact: 3 entries/)] })
  const broken = { ...INTACT, intact: false, firstBroken: 2 }
  expect(await run('audit verify', { verdict: broken })).toMatchObject({
    code: 1,
    out: [expect.stringMatching(/broken at entry 2 of 3/)],
  })
  expect(await run('audit verify --json', { verdict: broken })).toMatchObject({
    code: 1,
    out: [JSON.stringify(broken)],
  })
})

test('the bar fits the screen', () => {
  const state = { done: 50, total: 200, noun: 'orders', seconds: 10 }
  expect(drawBar(state, 80)).toBe('[#######.......................] 50/200 orders, 5.0/s, 30 s left')
  for (const columns of [10, 30, 40, 60]) expect(drawBar(state, columns).length).toBeLessThan(columns)
})
