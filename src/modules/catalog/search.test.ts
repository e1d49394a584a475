import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { wordsOf } from './words-of.ts'

const product = (code: string, name: string, description?: string) => ({
  code,
  name,
  ...(description !== undefined && { description }),
  variants: [{ sku: `${code}-1`, price: { amountMinor: 295, currency: 'GBP' }, stocked: true }],
})

const shop = [
  product('85123A', 'White hanging heart T-light holder', 'A candle burns safely in it.'),
  product('CND-RED', 'Red beeswax candles', 'Six of them, for Café and home.'),
  product('MUG', 'Mug with a candle printed on it'),
  product('TEA', 'Teapot & cup', 'Oak/beech lid, 1.5 l. See example.com.'),
]

const search = async (hall: TestHall, text: string) =>
  (await hall.calls.catalog.search.query({ text })).items.map(({ code }) => code)

describe.each(['near', 'far'] as const)('search, %s', (distance) => {
  test('finds by all words, by stems, by the beginning of the last word, whatever case and accents', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    await hall.calls.catalog.importProducts.mutate({ products: shop })
    for (const [text, codes] of [
      ['Candles red', ['CND-RED']],
      ['candle HEARTS', ['85123A']],
      ['the mug', ['MUG']],
      ['red cand', ['CND-RED']],
      ['cand red', []],
      ['cafe', ['CND-RED']],
      ['CAFÉ home', ['CND-RED']],
      ['85123a', ['85123A']],
      ['cnd-red-1', ['CND-RED']],
      ['t-light', ['85123A']],
      ['oak', ['TEA']],
      ['example', ['TEA']],
      ['tea cup', ['TEA']],
      ['teapot c', ['TEA']],
      ['unicorn', []],
    ] as const)
      expect({ text, codes: await search(hall, text) }).toEqual({ text, codes })
  })

  test('what matches in its name stands before what matches in its description', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    await hall.calls.catalog.importProducts.mutate({ products: shop })
    expect((await search(hall, 'candle')).at(-1)).toBe('85123A')
  })

  test('pages of a search join to the whole, best first, also among those of the same rank', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const many = Array.from({ length: 25 }, (_, index) =>
      index % 3 === 0 ? product(`L${index}`, 'Lamp') : product(`L${index}`, 'Thing', 'A lamp of some kind.'),
    )
    await hall.calls.catalog.importProducts.mutate({ products: many })
    const whole = await hall.calls.catalog.search.query({ text: 'lamp', limit: 100 })
    expect(whole.items).toHaveLength(25)
    expect(whole.items.slice(0, 9).every(({ name }) => name === 'Lamp')).toBe(true)
    const joined: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: typeof whole = await hall.calls.catalog.search.query({
        text: 'lamp',
        limit: 4,
        ...(cursor !== '' && { cursor }),
      })
      joined.push(...page.items.map(({ code }) => code))
      cursor = page.nextCursor
    }
    expect(joined).toEqual(whole.items.map(({ code }) => code))
  })

  test('hostile texts and cursors are answered or refused, never a failure', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    await hall.calls.catalog.importProducts.mutate({ products: shop })
    const texts = [
      `'`,
      `a' & !b`,
      ':*',
      '!!!',
      '\\',
      `'':*`,
      '(((',
      '<->',
      'a:*bc',
      '%',
      '{"a":1}',
      '½',
      '㍿',
      '𝟘𝟙',
      'ａｂ',
      '\u0301',
      'e\u0301',
      'the',
      'the a of',
      'x'.repeat(200),
      'a '.repeat(99),
      'ﷺ'.repeat(180),
      'ไทย',
      '日本語',
      '1e5 0x1F -5 1.2.3',
      '🕯️',
    ]
    for (const text of texts) await expect(search(hall, text)).resolves.toBeInstanceOf(Array)
    for (const cursor of ['0:1', 'NaN:1', '1e99:1', '0.1', '0.1:0', '-1:1', '0.1:1;', 'Infinity:1'])
      await expect(hall.calls.catalog.search.query({ text: 'a', cursor })).rejects.toMatchObject({
        data: { code: 'BAD_REQUEST', reason: 'catalog.bad_cursor' },
      })
  })
})

test('a question is reduced to ten words of letters and digits', () => {
  expect(wordsOf(`Crème-Brûlée's  (n°5) & 'x':*`)).toEqual(['creme', 'brulee', 's', 'n', '5', 'x'])
  expect(wordsOf('a '.repeat(50))).toHaveLength(10)
})
