/**
 * Fills an empty hall with the demo. The products come last and all at once, so that a catalog with a product in it tells
 * that the demo is complete; everything before them may be done again after a kill, and changes nothing then.
 */
import type { ClientOf } from '#platform/contract'
import type { contracts } from '../contracts.ts'
import { categories, shipping } from './catalogue.ts'
import { demoProducts, inBothCurrencies } from './demo-products.ts'

type Contracts = typeof contracts
/** What the demo calls, as somebody who may do all of it. */
export type DemoCalls = { [Name in 'catalog' | 'inventory' | 'fulfilment']: ClientOf<Contracts[Name]> }

const unitsOfEach = 250

/** Answers whether it filled the hall: one that has products, published or not, is left as it is. */
export async function fillWithDemo({ catalog, inventory, fulfilment }: DemoCalls): Promise<boolean> {
  const { items } = await catalog.listAll.query({ limit: 1 })
  if (items.length > 0) return false
  // One after the other: a parent is there before what stands below it.
  for (const category of categories) await catalog.saveCategory.mutate(category)
  await Promise.all([
    ...shipping.map(async ([country, code, name, pence], position) => {
      const { pounds, euros } = inBothCurrencies(pence)
      for (const price of [pounds, euros]) await fulfilment.saveMethod.mutate({ country, code, name, price, position })
    }),
    inventory.receive.mutate({ reference: 'demo', lines: demoStock }),
  ])
  await catalog.importProducts.mutate({ products: demoProducts })
  return true
}

const demoStock = demoProducts.flatMap(({ variants }) =>
  variants.filter(({ stocked }) => stocked).map(({ sku }) => ({ sku, quantity: unitsOfEach })),
)
