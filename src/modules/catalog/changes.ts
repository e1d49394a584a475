/**
 * What changes a product: its row is locked first, so that what is shown of it is written as one change after another.
 */
import { statement } from '#platform/data/database'
import { eq, sql } from 'drizzle-orm'
import { categories, furtherPrices, productCategories, products, variants } from './schema.ts'

const given = sql.placeholder

/** The product of a code, locked, and which of the categories given are not there. */
export const lockProduct = statement('catalog_lock_product', (db) =>
  db
    .select({
      view: products.view,
      unknown: sql<string[]>`array(
        select g.slug from unnest(${given('categories')}::text[]) as g (slug)
        where not exists (select from ${categories} c where c.slug = g.slug))`,
    })
    .from(products)
    .where(eq(products.code, given('code')))
    .for('update'),
)

export const lockProductOfSku = statement('catalog_lock_product_of_sku', (db) =>
  db
    .select({ view: products.view })
    .from(products)
    .where(sql`"products"."id" = (select s.product_id from ${variants} s where s.sku = ${given('sku')})`)
    .for('update'),
)

const changed = {
  view: sql`${given('view')}::json`,
  version: sql`${products.version} + 1`,
}
const announced = { productId: products.id, version: products.version, code: products.code }

/** Writes a product's texts, status and categories. */
export const saveProduct = statement('catalog_save_product', (db) => {
  const left = db.$with('left', {}).as(sql`
    delete from ${productCategories}
    where product_id = ${given('id')}::text and category <> all(${given('categories')}::text[])`)
  const joined = db.$with('joined', {}).as(sql`
    insert into ${productCategories} (category, product_id)
    select g.slug, ${given('id')}::text from unnest(${given('categories')}::text[]) as g (slug)
    on conflict do nothing`)
  return db
    .with(left, joined)
    .update(products)
    .set({
      ...changed,
      name: sql`${given('name')}::text`,
      description: sql`${given('description')}::text`,
      status: sql`${given('status')}::text`,
    })
    .where(eq(products.id, given('id')))
    .returning(announced)
})

/** Writes one list price: the variant's first one, or one in a further currency. */
export const savePrice = statement('catalog_save_price', (db) => {
  const amountMinor = sql`${given('amountMinor')}::bigint`
  const currency = sql`${given('currency')}::text`
  const first = db.$with('first', {}).as(sql`
    update ${variants} set amount_minor = ${amountMinor}, version = version + 1
    where sku = ${given('sku')}::text and currency = ${currency}`)
  const further = db.$with('further', {}).as(sql`
    insert into ${furtherPrices} (sku, currency, amount_minor)
    select v.sku, ${currency}, ${amountMinor} from ${variants} v
    where v.sku = ${given('sku')}::text and v.currency <> ${currency}
    on conflict (sku, currency) do update set amount_minor = excluded.amount_minor`)
  return db
    .with(first, further)
    .update(products)
    .set(changed)
    .where(eq(products.id, given('id')))
    .returning(announced)
})
