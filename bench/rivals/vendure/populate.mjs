/** Fills Vendure: 1,000 products with 2 variants, from a CSV as its importer takes it. Its worker builds the search index. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import vendure from '@vendure/core'
import { populate } from '@vendure/core/cli/index.js'
import { config } from './config.mjs'

const PRODUCTS = 1000
const { bootstrap, LanguageCode } = vendure

const initialData = {
  defaultLanguage: LanguageCode.en,
  defaultZone: 'Europe',
  countries: [{ name: 'United Kingdom', code: 'GB', zone: 'Europe' }],
  taxRates: [{ name: 'Standard', percentage: 20 }],
  shippingMethods: [{ name: 'Standard', price: 395 }],
  paymentMethods: [
    {
      name: 'Dummy',
      handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] },
    },
  ],
  collections: [],
}

const header =
  'name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets'
const rowsOf = (product) => {
  const name = `Invented product ${product}`
  const description = 'A thing of good quality made for measuring. It comes in two colours and nobody has to dust it.'
  return ['red', 'blue'].map((colour, variant) =>
    [
      ...(variant === 0 ? [name, `product-${product}`, description, '', '', 'colour'] : ['', '', '', '', '', '']),
      colour,
      `BENCH-${String(product).padStart(4, '0')}-${colour.toUpperCase()}`,
      ((250 + ((product * 7 + variant * 31) % 4000)) / 100).toFixed(2),
      'Standard',
      '1000000',
      'true',
      '',
      '',
    ].join(','),
  )
}

const folder = await mkdtemp(join(tmpdir(), 'rival-'))
const csv = join(folder, 'products.csv')
await writeFile(csv, [header, ...Array.from({ length: PRODUCTS }, (_, product) => rowsOf(product)).flat()].join('\n'))
try {
  const app = await populate(() => bootstrap(config), initialData, csv)
  await app.close()
} finally {
  await rm(folder, { recursive: true })
}
process.exit(0)
