/** `hall look`, `buy` and `report` on a real hall that holds the demo. */
import { createApiKey, hashApiKey } from '#platform/api-key'
import { readConfig } from '#platform/config'
import { freePort } from '#testing/cluster'
import { startTestHall, type TestHall } from '#testing/hall'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reachHall } from '../src/commands/connect-hall.ts'
import { fillWithDemo } from '../src/demo/fill-hall.ts'
import { frontPage } from '../src/front-page.ts'
import { runHall } from '../src/hall.ts'

/** The exit code, and what was written, of a command line. */
async function run(line: string, settings: Record<string, string> = {}) {
  const out: string[] = []
  let err = ''
  const config = () => readConfig({ DATA_DIR: '/nowhere', ...settings })
  const code = await runHall(line.split(' ').filter(Boolean), {
    terminal: {
      out: (each) => void out.push(each),
      err: (text) => void (err += text),
      interactive: false,
      columns: 80,
    },
    config,
    interruption: () => new AbortController().signal,
    connect: () => Promise.reject(new Error('Nothing here is to start a hall.')),
    reach: (options) => reachHall({ ...options, config: config() }),
  })
  return { code, out, err }
}

const told = async (line: string, settings?: Record<string, string>): Promise<Record<string, any>> => {
  const { code, out, err } = await run(`${line} --json`, settings)
  expect({ code, lines: out.length, err }).toEqual({ code: 0, lines: 1, err: '' })
  return JSON.parse(out[0]!) as Record<string, any>
}

describe('on a hall with the demo', () => {
  let hall: TestHall
  let at: string
  let asOwner: Record<string, string>

  beforeAll(async () => {
    hall = await startTestHall({ works: true })
    await fillWithDemo(hall.calls)
    const key = createApiKey()
    const permissions = ['*']
    await hall.calls.identity.createApiKey.mutate({ name: 'reporter', permissions, keyHash: hashApiKey(key) })
    asOwner = { HALL_KEY: key }
    at = `--url ${hall.url}`
  })
  afterAll(() => hall[Symbol.asyncDispose]())

  test('look lists, finds, and says when there is nothing', async () => {
    expect((await told(`look --limit 3 ${at}`))['items']).toHaveLength(3)
    const lights = (await told(`look --category light --limit 100 ${at}`))['items'] as { categories: string[] }[]
    expect(lights.map(({ categories }) => categories)).toEqual(Array.from({ length: 10 }, () => ['light']))
    const { code, out } = await run(`look stoneware mug --currency eur ${at}`)
    expect(code).toBe(0)
    expect(out).toEqual([
      'SKU              Price   Name',
      'MUG-STONE-WHITE  €11.40  Stoneware mug, white',
      'MUG-STONE-BLUE   €11.40  Stoneware mug, blue',
      'MUG-STONE-BLACK  €11.40  Stoneware mug, black',
      'Categories: garden, home, kitchen, light, paper, play.',
    ])
    expect((await run(`look unicorn ${at}`)).out[0]).toBe('Nothing like that is for sale.')
    expect(await run(`look --category cellar ${at}`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no category cellar.*catalog\.unknown_category/),
    })
  })

  test('buy places an order that is paid, and report counts it', async () => {
    const bought = await told(`buy MUG-STONE-BLUE:2 TEAPOT-IRON --country ie --currency gbp ${at}`)
    const total = { amountMinor: 2 * 950 + 4200 + 695, currency: 'GBP' }
    expect(bought).toMatchObject({ orderNumber: expect.any(Number), total, state: 'paid' })
    const everyDay = '--from 2025-12-31 --to 2026-01-02'
    const report = await told(`report ${everyDay} ${at}`, asOwner)
    expect(report).toMatchObject({
      orders: 1,
      grossMinor: total.amountMinor,
      countries: [{ country: 'IE', orders: 1, grossMinor: total.amountMinor }],
      products: [
        { sku: 'TEAPOT-IRON', units: 1, grossMinor: 4200 },
        { sku: 'MUG-STONE-BLUE', units: 2, grossMinor: 1900 },
      ],
      behind: 0,
    })
    const { out } = await run(`report ${everyDay} ${at}`, asOwner)
    expect(out[0]).toBe('2025-12-31 to 2026-01-02: 1 order, £67.95.')
    expect(out).toContainEqual(expect.stringMatching(/^TEAPOT-IRON +1 +£42\.00 +Cast iron teapot$/))
  })

  test.each([
    ['buy UNICORN', /UNICORN.*checkout\.unknown_sku/],
    ['buy TEAPOT-IRON --card card_declined', /checkout\.payment_declined/],
    ['buy TEAPOT-IRON:251', /inventory\.out_of_stock/],
  ])('what the hall refuses ends with 1 and its reason: %s', async (line, message) => {
    const { code, out, err } = await run(`${line} ${at}`)
    expect({ code, out }).toEqual({ code: 1, out: [] })
    expect(err).toMatch(message)
  })

  test('report without a key says where it looked for one', async () => {
    expect(await run(`report ${at}`)).toMatchObject({ code: 1, err: expect.stringMatching(/HALL_KEY.*nowhere/) })
  })

  test.each(['mh_0123456789012345678901234567890', 'nonsense'])(
    'report with the key %s says which is needed',
    async (HALL_KEY) => {
      const { code, out, err } = await run(`report ${at}`, { HALL_KEY })
      expect({ code, out }).toEqual({ code: 1, out: [] })
      expect(err).toMatch(/platform\.(wrong_key|bad_token)\) Set HALL_KEY to a key of this hall\.$/m)
    },
  )

  test('the page at / says the same', async () => {
    const answer = await fetch(hall.url)
    expect(answer.headers.get('content-type')).toMatch('text/html')
    expect(await answer.text()).toBe(frontPage())
    for (const [, path = ''] of frontPage().matchAll(/href="([^"]+)"/g))
      expect({ path, status: (await fetch(`${hall.url}${path}`)).status }).toEqual({ path, status: 200 })
  })
})

test('the page of a hall without the demo shows nothing that needs its goods', () => {
  expect(frontPage()).toContain('hall -- buy CANDLE')
  expect(frontPage(undefined, false)).not.toContain('hall -- ')
})

test.each(['look', 'buy MUG', 'report'])('without a hall, %s says how to start one', async (line) => {
  const port = await freePort()
  const { code, out, err } = await run(line, { PORT: String(port) })
  expect({ code, out }).toEqual({ code: 1, out: [] })
  expect(err).toMatch(`No hall answers at http://127.0.0.1:${port}. Start it with npm start, in another terminal.`)
})
