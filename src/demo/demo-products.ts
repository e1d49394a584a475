/** The demo's goods as the catalog imports them: each choice of options a variant, priced in pounds and euros. */
import { goods, unstocked } from './catalogue.ts'

type Chosen = { choices: { name: string; value: string }[]; morePence: number }

/** What a price in pounds is in euros: a fifth more, rounded up to five cents. */
const centsOf = (pence: number): number => Math.ceil((pence * 1.2) / 5) * 5

export const inBothCurrencies = (pence: number) => ({
  pounds: { amountMinor: pence, currency: 'GBP' },
  euros: { amountMinor: centsOf(pence), currency: 'EUR' },
})

export const demoProducts = Object.entries(goods).flatMap(([category, rows]) =>
  rows.map(([code, name, description, pence, options = {}]) => ({
    code,
    name,
    description,
    categories: [category],
    variants: combinations(options).map(({ choices, morePence }) => {
      const { pounds, euros } = inBothCurrencies(pence + morePence)
      const values = choices.map(({ value }) => value)
      return {
        sku: [code, ...values.map((value) => value.toUpperCase().replaceAll(' ', ''))].join('-'),
        ...(values.length > 0 && { title: values.join(', ') }),
        price: pounds,
        morePrices: [euros],
        choices,
        stocked: !unstocked.has(code),
      }
    }),
  })),
)

/** All ways to choose one value of each option. */
function combinations(options: Record<string, readonly string[]>): Chosen[] {
  return Object.entries(options).reduce<Chosen[]>(
    (chosen, [name, values]) =>
      chosen.flatMap(({ choices, morePence }) =>
        values.map((each) => {
          const [value = '', more = '0'] = each.split('+')
          return { choices: [...choices, { name, value }], morePence: morePence + Number(more) }
        }),
      ),
    [{ choices: [], morePence: 0 }],
  )
}
