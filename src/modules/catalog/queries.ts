/** What the catalog asks its tables: each question one prepared statement. */
import { statement } from '#platform/data/database'
import { and, eq, gt, sql } from 'drizzle-orm'
import { categories, furtherPrices, productCategories, products, variants } from './schema.ts'
import type { ProductView } from './product-view.ts'

const given = sql.placeholder

export type ProductRow = { position: number; view: ProductView }

const row = { position: products.position, view: products.view }
const published = sql`"products"."status" = 'published'`
const maySee = sql`(${published} or ${given('drafts')}::boolean)`

export const productById = statement('catalog_product_by_id', (db) =>
  db
    .select({ view: products.view })
    .from(products)
    .where(and(eq(products.id, given('id')), maySee)),
)

export const productBySku = statement('catalog_product_by_sku', (db) =>
  db
    .select({ view: products.view })
    .from(products)
    .where(sql`"products"."id" = (select s.product_id from ${variants} s where s.sku = ${given('sku')}) and ${maySee}`),
)

/** At most `limit` published products after a position, in the order of their import. */
export const productsAfter = statement('catalog_products_after', (db) =>
  db
    .select(row)
    .from(products)
    .where(and(published, gt(products.position, given('position'))))
    .orderBy(products.position)
    .limit(given('limit')),
)

/** In the category or one below it. As an array the tree is followed once, and products are walked in their order. */
const inCategory = sql`exists (
  select from ${productCategories} pc
  where pc.product_id = "products"."id" and pc.category = any(array(
    with recursive tree (slug) as (
      select ${given('category')}::text union select c.slug from ${categories} c join tree t on c.parent = t.slug
    ) select slug from tree)))`

/** The same of a category and all below it. */
export const productsOfCategoryAfter = statement('catalog_products_of_category_after', (db) =>
  db
    .select(row)
    .from(products)
    .where(and(published, gt(products.position, given('position')), inCategory))
    .orderBy(products.position)
    .limit(given('limit')),
)

/** Of any status, or of the one that is asked for. */
export const allProductsAfter = statement('catalog_all_products_after', (db) =>
  db
    .select(row)
    .from(products)
    .where(
      and(
        gt(products.position, given('position')),
        sql`(${given('status')}::text is null or "products"."status" = ${given('status')}::text)`,
      ),
    )
    .orderBy(products.position)
    .limit(given('limit')),
)

/**
 * Words that say nothing (`the`) are left out, unless there are no others. A word matches by its stem or as it stands,
 * the last one also as the beginning of one, since somebody may still be typing it. Words are letters and digits only.
 */
const asked = sql`
  select coalesce(
    string_agg(format('(%s | %s)', w.stem, w.itself), ' & ') filter (where numnode(w.stem) > 0),
    string_agg(w.itself::text, ' & ')
  )::tsquery as question
  from (
    select plainto_tsquery('english'::regconfig, word) as stem,
      to_tsquery('simple'::regconfig, '''' || word || '''' || case when place = ${given('words')}::int then ':*' else '' end)
        as itself
    from unnest(${given('text')}::text[]) with ordinality as o (word, place)
  ) w`

/**
 * Published products that match all words, best first, after a rank and, of those alike, a position. `offset 0` has each
 * rank worked out once, and what is shown is read of one page only.
 */
export const productsMatching = statement('catalog_products_matching', (db) => {
  const question = db.$with('asked', { question: sql<string>`question` }).as(asked)
  const page = sql`(
    select m.rank, m.position
    from (
      select ts_rank("products"."search", (select question from asked)) as rank, "products"."position"
      from ${products}
      where "products"."search" @@ (select question from asked) and ${published}
        and (${given('category')}::text is null or ${inCategory})
      offset 0
    ) m
    where m.rank < ${given('rank')}::float4 or (m.rank = ${given('rank')}::float4 and m.position > ${given('position')}::bigint)
    order by m.rank desc, m.position
    limit ${given('limit')}::int
  ) page`
  return db
    .with(question)
    .select({ rank: sql<number>`page.rank`, ...row })
    .from(page)
    .innerJoin(products, sql`"products"."position" = page.position`)
    .orderBy(sql`page.rank desc, page.position`)
})

export const variantsBySku = statement('catalog_variants_by_sku', (db) =>
  db
    .select({
      sku: variants.sku,
      name: products.name,
      amountMinor: variants.amountMinor,
      currency: variants.currency,
      further: sql<{ amountMinor: number; currency: string }[] | null>`(
        select json_agg(json_build_object('amountMinor', f.amount_minor, 'currency', f.currency))
        from ${furtherPrices} f
        where f.sku = "variants"."sku")`,
      stocked: variants.stocked,
      published: sql<boolean>`"products"."status" = 'published'`,
    })
    .from(variants)
    .innerJoin(products, eq(products.id, variants.productId))
    .where(sql`${variants.sku} = any(${given('skus')}::text[])`)
    .orderBy(variants.sku),
)
