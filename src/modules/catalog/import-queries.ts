/** What an import asks and writes: three statements, whatever its size. */
import { statement } from '#platform/data/database'
import { sql } from 'drizzle-orm'
import { categories, counters, furtherPrices, productCategories, products, variants } from './schema.ts'

const given = sql.placeholder

/**
 * Takes the next `count` numbers of a counter and returns the last. The counter's row stays locked until the transaction
 * ends, so that those who take from it follow one another: what the next one reads is complete.
 */
export const takeNumbers = statement('catalog_take_numbers', (db) =>
  db
    .insert(counters)
    .values({ name: sql`${given('name')}`, value: sql`${given('count')}` })
    .onConflictDoUpdate({ target: counters.name, set: { value: sql`${counters.value} + excluded.value` } })
    .returning({ last: counters.value }),
)

/** Of codes, SKUs and categories: those codes and SKUs that are there, and those categories that are not. */
export const knownOf = statement('catalog_known_of', (db) =>
  db
    .select({
      codes: sql<string[]>`array(select p.code from ${products} p where p.code = any(${given('codes')}::text[]))`,
      skus: sql<string[]>`array(select v.sku from ${variants} v where v.sku = any(${given('skus')}::text[]))`,
      unknownCategories: sql<string[]>`array(
        select g.slug from unnest(${given('categories')}::text[]) as g (slug)
        where not exists (select from ${categories} c where c.slug = g.slug))`,
    })
    .from(sql`(select) as answer`),
)

/** Inserts products with all that they have. The foreign keys are checked at the end of the statement. */
export const insertProducts = statement('catalog_insert_products', (db) => {
  const newProducts = db.$with('new_products', {}).as(sql`
    insert into ${products} (id, code, name, description, position, imported_at, status, skus, view, version)
    select p.id, p.code, p.name, p.description, p.position, ${given('importedAt')}::timestamptz, p.status, p.skus, p.view, 1
    from json_to_recordset(${given('products')}::json) as p (id text, code text, name text, description text,
      position bigint, status text, skus text, view json)
    returning 1`)
  const newVariants = db.$with('new_variants', {}).as(sql`
    insert into ${variants} (sku, product_id, position, title, amount_minor, currency, stocked, choices, version)
    select v.sku, v."productId", v.position, v.title, v."amountMinor", v.currency, v.stocked, v.choices, 1
    from json_to_recordset(${given('variants')}::json) as v (sku text, "productId" text, position int, title text,
      "amountMinor" bigint, currency text, stocked boolean, choices jsonb)
    returning 1`)
  const newPrices = db.$with('new_prices', {}).as(sql`
    insert into ${furtherPrices} (sku, currency, amount_minor)
    select f.sku, f.currency, f."amountMinor"
    from json_to_recordset(${given('furtherPrices')}::json) as f (sku text, currency text, "amountMinor" bigint)
    returning 1`)
  const newPlaces = db.$with('new_places', {}).as(sql`
    insert into ${productCategories} (category, product_id)
    select c.category, c."productId"
    from json_to_recordset(${given('categories')}::json) as c (category text, "productId" text)
    returning 1`)
  return db
    .with(newProducts, newVariants, newPrices, newPlaces)
    .select({ inserted: sql<number>`(select count(*)::int from new_products)` })
    .from(sql`(select) as answer`)
})
