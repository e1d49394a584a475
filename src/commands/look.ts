import type { Command } from 'commander'
import type { HallCalls } from './hall-calls.ts'
import { priceOf } from './money.ts'
import { parseCount, parseCurrency, parseHallUrl } from './options.ts'
import { tableOf } from './table.ts'
import type { Tool } from './tool.ts'

const LIMIT_DEFAULT = 10
const LIMIT_MAX = 100

type LookOptions = { category?: string; currency: string; limit: number; url?: string; json?: true }
type Page = Awaited<ReturnType<HallCalls['catalog']['list']['query']>>

export function register(program: Command, tool: Tool): void {
  program
    .command('look')
    .description('shows what there is to buy, as a guest sees it')
    .argument('[words...]', 'only what matches all of these words, best match first')
    .option('--category <slug>', 'only what stands in this category or below it')
    .option('--currency <code>', 'the currency to show prices in', parseCurrency, 'GBP')
    .option('--limit <n>', 'show at most n products', parseCount(LIMIT_MAX), LIMIT_DEFAULT)
    .option('--url <url>', 'the hall to look at; without it the one on this machine', parseHallUrl)
    .option('--json', 'print one line of JSON and nothing else')
    .action((words: string[], options: LookOptions) => look(tool, words.join(' '), options))
}

async function look(tool: Tool, text: string, { category, limit, url, json, currency }: LookOptions): Promise<void> {
  const { catalog } = await tool.reach({ as: 'guest', ...(url !== undefined && { url }) })
  const wanted = { limit, ...(category !== undefined && { category }) }
  const page = await (text.trim() === '' ? catalog.list.query(wanted) : catalog.search.query({ ...wanted, text }))
  const { out } = tool.terminal
  if (json === true) return out(JSON.stringify(page))
  const { categories } = await catalog.listCategories.query({})
  for (const line of describe(page, currency)) out(line)
  if (categories.length > 0) out(`Categories: ${categories.map(({ slug }) => slug).join(', ')}.`)
}

function describe({ items, nextCursor }: Page, currency: string): string[] {
  if (items.length === 0) return ['Nothing like that is for sale.']
  const rows = items.flatMap(({ name, variants }) =>
    variants.map(({ sku, title, price, prices }) => {
      const asked = prices.find((each) => each.currency === currency) ?? price
      return [sku, priceOf(asked), title === null ? name : `${name}, ${title}`]
    }),
  )
  const more = nextCursor === null ? [] : ['There is more: raise --limit, or say what you look for.']
  return [...tableOf([['SKU', 'Price', 'Name'], ...rows]), ...more]
}
