/** What the catalog asks its tables. */
import { type Db, statement } from '#platform/data/database'
import { eq, gt, type SQL, sql } from 'drizzle-orm'
import { counters, products, variants } from './schema.ts'

// Together in one statement: a product's page needs its variants, and a second question would double its price.
const variantsOfProduct = sql<VariantView[]>`(
  select coalesce(
    json_agg(
      json_build_object(
        'sku', v.sku,
        'title', v.title,
        'price', json_build_object('amountMinor', v.amount_minor, 'currency', v.currency),
        'stocked', v.stocked
      )
      order by v.position
    ),
    '[]'::json
  )
  from ${variants} v
  where v.product_id = "products"."id"
)`

type VariantView = {
  sku: string
  title: string | null
  price: { amountMinor: number; currency: string }
  stocked: boolean
}

const view = {
  id: products.id,
  code: products.code,
  name: products.name,
  description: products.description,
  variants: variantsOfProduct,
}

export const productById = statement('catalog_product_by_id', (db) =>
  db
    .select(view)
    .from(products)
    .where(eq(products.id, sql.placeholder('id'))),
)

export const productBySku = statement('catalog_product_by_sku', (db) =>
  db
    .select(view)
    .from(products)
    .where(sql`"products"."id" = (select s.product_id from ${variants} s where s.sku = ${sql.placeholder('sku')})`),
)

/** At most `limit` products after a position, in the order of their import. */
export const productsAfter = statement('catalog_products_after', (db) =>
  db
    .select({ ...view, position: products.position })
    .from(products)
    .where(gt(products.position, sql.placeholder('position')))
    .orderBy(products.position)
    .limit(sql.placeholder('limit')),
)

export const variantsBySku = statement('catalog_variants_by_sku', (db) =>
  db
    .select({
      sku: variants.sku,
      name: products.name,
      amountMinor: variants.amountMinor,
      currency: variants.currency,
      stocked: variants.stocked,
    })
    .from(variants)
    .innerJoin(products, eq(products.id, variants.productId))
    .where(sql`${variants.sku} = any(${sql.placeholder('skus')}::text[])`)
    .orderBy(variants.sku),
)

/** Empty where there is no such variant. */
export const updatePrice = statement('catalog_update_price', (db) =>
  db
    .update(variants)
    .set({
      amountMinor: sql`${sql.placeholder('amountMinor')}`,
      currency: sql`${sql.placeholder('currency')}`,
      version: sql`${variants.version} + 1`,
    })
    .where(eq(variants.sku, sql.placeholder('sku')))
    .returning({
      sku: variants.sku,
      title: variants.title,
      amountMinor: variants.amountMinor,
      currency: variants.currency,
      stocked: variants.stocked,
    }),
)

/**
 * Takes the next `count` positions and returns the first. The counter's row stays locked until the transaction ends, so
 * that imports follow one another: what the next one reads is complete, and positions become visible in their order.
 */
export const takePositions = statement('catalog_take_positions', (db) =>
  db
    .insert(counters)
    .values({ name: 'products', value: sql`${sql.placeholder('count')}` })
    .onConflictDoUpdate({ target: counters.name, set: { value: sql`${counters.value} + excluded.value` } })
    .returning({ last: counters.value }),
)

export type NewProduct = { id: string; code: string; name: string; description: string | null; position: number }
export type NewVariant = VariantView & { productId: string; position: number }
export type NewProducts = { products: NewProduct[]; variants: NewVariant[]; importedAt: string }

/**
 * Inserts what is not there yet, by code or SKU: products that are new and have at least one new variant, and the new
 * variants of those. Not prepared, so that the plan fits the size of the import.
 */
export async function insertNew(tx: Db, added: NewProducts): Promise<{ products: number; variants: number }> {
  const { rows } = await tx.execute<{ products: number; variants: number }>(sql`
    with offered_products as (
      select * from ${unnestOf(added.products, productColumns)} as o (id, code, name, description, position)
    ), offered_variants as (
      select *
      from ${unnestOf(added.variants, variantColumns)}
        as o (sku, product_id, position, title, amount_minor, currency, stocked)
    ), new_variants as materialized (
      select o.* from offered_variants o where not exists (select from ${variants} v where v.sku = o.sku)
    ), inserted_products as (
      insert into ${products} (id, code, name, description, position, imported_at)
      select o.id, o.code, o.name, o.description, o.position, ${added.importedAt}::timestamptz
      from offered_products o
      where o.id in (select n.product_id from new_variants n)
      order by o.position
      on conflict (code) do nothing
      returning id
    ), inserted_variants as (
      insert into ${variants} (sku, product_id, position, title, amount_minor, currency, stocked, version)
      select n.sku, n.product_id, n.position, n.title, n.amount_minor, n.currency, n.stocked, 1
      from new_variants n
      join inserted_products p on p.id = n.product_id
      on conflict (sku) do nothing
      returning sku
    )
    select (select count(*)::int from inserted_products) as products,
           (select count(*)::int from inserted_variants) as variants`)
  return rows[0] ?? { products: 0, variants: 0 }
}

type Columns<Row> = [type: string, valueOf: (row: Row) => unknown][]

const productColumns: Columns<NewProduct> = [
  ['text[]', ({ id }) => id],
  ['text[]', ({ code }) => code],
  ['text[]', ({ name }) => name],
  ['text[]', ({ description }) => description],
  ['bigint[]', ({ position }) => position],
]

const variantColumns: Columns<NewVariant> = [
  ['text[]', ({ sku }) => sku],
  ['text[]', ({ productId }) => productId],
  ['int[]', ({ position }) => position],
  ['text[]', ({ title }) => title],
  ['bigint[]', ({ price }) => price.amountMinor],
  ['text[]', ({ price }) => price.currency],
  ['boolean[]', ({ stocked }) => stocked],
]

/** `unnest` with one array parameter per column, however many rows there are. */
function unnestOf<Row>(rows: Row[], columns: Columns<Row>): SQL {
  const arrays = columns.map(([type, valueOf]) => sql`${sql.param(rows.map(valueOf))}::${sql.raw(type)}`)
  return sql`unnest(${sql.join(arrays, sql`, `)})`
}
