import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { skuTwice } from './errors.ts'
import { insertNew, takePositions } from './queries.ts'

type Operation = (typeof contract)['operations']['importProducts']
type Product = InputOf<Operation>['products'][number]

/** Of products that share a code the first counts; the others find it there already, and change nothing. */
export async function importProducts(ctx: CommandCtx, { products }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const twice = skusStandingTwice(products)
  if (twice.length > 0) throw skuTwice(twice)
  const [counter] = await takePositions(ctx.tx).execute({ count: products.length })
  const before = (counter?.last ?? 0) - products.length
  const numbered = firstOfEachCode(products).map((product, index) => ({
    ...product,
    id: ctx.newId('prd'),
    position: before + index + 1,
  }))
  const inserted = await insertNew(ctx.tx, {
    products: numbered.map(({ id, code, name, description, position }) => ({
      id,
      code,
      name,
      description: description ?? null,
      position,
    })),
    variants: numbered.flatMap(({ id, variants }) =>
      variants.map(({ sku, title, price, stocked }, index) => ({
        sku,
        productId: id,
        position: index + 1,
        title: title ?? null,
        price,
        stocked,
      })),
    ),
    importedAt: ctx.now(),
  })
  return {
    productsCreated: inserted.products,
    variantsCreated: inserted.variants,
    unchanged: products.length - inserted.products,
  }
}

function skusStandingTwice(products: Product[]): string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { sku } of products.flatMap(({ variants }) => variants)) {
    if (seen.has(sku)) twice.add(sku)
    seen.add(sku)
  }
  return [...twice]
}

function firstOfEachCode(products: Product[]): Product[] {
  const seen = new Set<string>()
  return products.filter(({ code }) => !seen.has(code) && seen.add(code))
}
