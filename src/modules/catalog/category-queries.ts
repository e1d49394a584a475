/** What the catalog asks and tells its categories. */
import { statement } from '#platform/data/database'
import { eq, sql } from 'drizzle-orm'
import { categories, productCategories, products } from './schema.ts'

const given = sql.placeholder

/** Where a parent stands: whether it is there, and whether it is the category itself or stands below it. */
export const placeOfParent = statement('catalog_place_of_parent', (db) =>
  db
    .select({
      known: sql<boolean>`exists (select from ${categories} c where c.slug = ${given('parent')}::text)`,
      circle: sql<boolean>`exists (
        with recursive above (slug) as (
          select ${given('parent')}::text
          union select c.parent from ${categories} c join above a on c.slug = a.slug where c.parent is not null
        ) select from above a where a.slug = ${given('slug')}::text)`,
    })
    .from(sql`(select) as answer`),
)

export const upsertCategory = statement('catalog_upsert_category', (db) =>
  db
    .insert(categories)
    .values({ slug: given('slug'), name: given('name'), parent: given('parent') })
    .onConflictDoUpdate({
      target: categories.slug,
      set: { name: sql`excluded.name`, parent: sql`excluded.parent` },
    }),
)

export const categoryBySlug = statement('catalog_category_by_slug', (db) =>
  db
    .select({ slug: categories.slug })
    .from(categories)
    .where(eq(categories.slug, given('slug'))),
)

export const allCategories = statement('catalog_all_categories', (db) =>
  db
    .select({
      slug: categories.slug,
      name: categories.name,
      parent: categories.parent,
      products: sql<number>`(
        select count(*)::int from ${productCategories} pc join ${products} p on p.id = pc.product_id
        where pc.category = "categories"."slug" and p.status = 'published')`,
    })
    .from(categories)
    .orderBy(sql`"categories"."slug" collate "C"`),
)
