import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { badChoices, currencyTwice, skuTwice, unknownCategory } from './errors.ts'
import { productChanged } from './events.ts'
import { insertProducts, knownOf, takeNumbers } from './import-queries.ts'
import { choicesFit, type NewProduct, type ProductView, skusWithCurrencyTwice, viewOf } from './product-view.ts'

type Operation = (typeof contract)['operations']['importProducts']
type Numbered = { view: ProductView; position: number }

/**
 * Of products that share a code the first counts; the others find it there already, and change nothing. The counter keeps
 * imports in a row, so that what one finds missing nobody else is about to add.
 */
export async function importProducts(ctx: CommandCtx, { products }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  refuseNonsense(products)
  const [counter] = await takeNumbers(ctx.tx).execute({ name: 'products', count: products.length })
  const [known] = await knownOf(ctx.tx).execute({
    codes: products.map(({ code }) => code),
    skus: products.flatMap(({ variants }) => variants.map(({ sku }) => sku)),
    categories: [...new Set(products.flatMap(({ categories }) => categories ?? []))],
  })
  if (counter === undefined || known === undefined) throw new Error('The database answered nothing.')
  if (known.unknownCategories.length > 0) throw unknownCategory(known.unknownCategories)
  const before = counter.last - products.length
  const created = newOnes(products, known).map((product, index) => ({
    view: viewOf(ctx.newId('prd'), product),
    position: before + index + 1,
  }))
  if (created.length > 0) await insertProducts(ctx.tx).execute({ ...rowsOf(created), importedAt: ctx.now() })
  for (const { view } of created) ctx.announce(productChanged, { productId: view.id, version: 1, code: view.code })
  return {
    productsCreated: created.length,
    variantsCreated: created.reduce((sum, { view }) => sum + view.variants.length, 0),
    unchanged: products.length - created.length,
  }
}

function refuseNonsense(products: readonly NewProduct[]): void {
  const variants = products.flatMap((product) => product.variants)
  const twice = standingTwice(variants.map(({ sku }) => sku))
  if (twice.length > 0) throw skuTwice(twice)
  const withCurrencyTwice = skusWithCurrencyTwice(variants)
  if (withCurrencyTwice.length > 0) throw currencyTwice(withCurrencyTwice)
  const unfit = products.filter((product) => !choicesFit(product.variants))
  if (unfit.length > 0) throw badChoices(unfit.map(({ code }) => code))
}

function standingTwice(skus: readonly string[]): string[] {
  const seen = new Set<string>()
  return [...new Set(skus.filter((sku) => seen.has(sku) || !seen.add(sku)))]
}

/** Products whose code is new, each with those of its variants whose SKU is new: without any it has nothing to sell. */
function newOnes(products: readonly NewProduct[], known: { codes: string[]; skus: string[] }): NewProduct[] {
  const codes = new Set(known.codes)
  const skus = new Set(known.skus)
  return products
    .filter(({ code }) => !codes.has(code) && codes.add(code))
    .map((product) => ({ ...product, variants: product.variants.filter(({ sku }) => !skus.has(sku)) }))
    .filter(({ variants }) => variants.length > 0)
}

/** The rows of new products, as JSON texts. */
function rowsOf(created: readonly Numbered[]) {
  const products = created.map(({ view, position }) => {
    const { id, code, name, description, status, variants } = view
    return { id, code, name, description, position, status, skus: variants.map(({ sku }) => sku).join(' '), view }
  })
  const variants = created.flatMap(({ view }) =>
    view.variants.map(({ sku, title, price, stocked, choices }, index) => {
      return { sku, productId: view.id, position: index + 1, title, ...price, stocked, choices }
    }),
  )
  const furtherPrices = created.flatMap(({ view }) =>
    view.variants.flatMap(({ sku, price, prices }) =>
      prices.filter(({ currency }) => currency !== price.currency).map((further) => ({ sku, ...further })),
    ),
  )
  const categories = created.flatMap(({ view }) =>
    view.categories.map((category) => ({ category, productId: view.id })),
  )
  return {
    products: JSON.stringify(products),
    variants: JSON.stringify(variants),
    furtherPrices: JSON.stringify(furtherPrices),
    categories: JSON.stringify(categories),
  }
}
