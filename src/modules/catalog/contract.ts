import { anyone, command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import { id, money, pageOf, pageRequest, slug, text } from '#platform/values'
import { z } from 'zod'

/** A stock keeping unit: upper case whatever the case it came in, at most 64 characters. */
const sku = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9 ._/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces or . _ / -')

/** What tells variants apart, such as `{ name: 'Colour', value: 'red' }`. */
const choice = z.strictObject({ name: text({ max: 50 }), value: text({ max: 100 }) })

const newVariant = z.strictObject({
  sku,
  /** What tells it from its sisters, such as `red`. */
  title: text({ max: 200 }).optional(),
  /** The list price, tax included. */
  price: money,
  /** List prices in further currencies, one each. */
  morePrices: z.array(money).max(20).optional(),
  /** One value of each of the product's options. */
  choices: z.array(choice).max(5).optional(),
  /** Whether stock is kept of it; services and charges have none. */
  stocked: z.boolean(),
})

const status = z.enum(['draft', 'published'])

const newProduct = z.strictObject({
  /** The product's own code, unique for ever: a second import of it changes nothing. */
  code: sku,
  name: text({ max: 300 }),
  description: text({ max: 5000 }).optional(),
  /** Slugs of categories, which must be there. */
  categories: z.array(slug).max(20).optional(),
  /** Published unless it says draft. */
  status: status.optional(),
  variants: z.array(newVariant).min(1).max(100),
})

const variantView = z.strictObject({
  sku: z.string(),
  title: z.string().nullable(),
  /** The first list price that it was given. */
  price: money,
  /** All of its list prices, by currency. */
  prices: z.array(money),
  choices: z.array(choice),
  stocked: z.boolean(),
})

const productView = z.strictObject({
  id: id('prd'),
  code: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  status,
  categories: z.array(z.string()),
  /** The options in which its variants differ, and the values that occur. */
  options: z.array(z.strictObject({ name: z.string(), values: z.array(z.string()) })),
  variants: z.array(variantView),
})

const category = z.strictObject({
  slug,
  name: text({ max: 100 }),
  /** The category above it, if any. */
  parent: slug.nullable(),
})

export const contract = defineContract('catalog', {
  /** Imports products with their variants. What is there already, by code or SKU, stays as it is. */
  importProducts: command({
    access: staff('catalog:write'),
    input: z.strictObject({ products: z.array(newProduct).min(1).max(500) }),
    output: z.strictObject({ productsCreated: z.int(), variantsCreated: z.int(), unchanged: z.int() }),
    reasons: ['catalog.sku_twice', 'catalog.currency_twice', 'catalog.bad_choices', 'catalog.unknown_category'],
  }),
  /** Changes what is given of a product; the rest stays. */
  updateProduct: command({
    access: staff('catalog:write'),
    input: z.strictObject({
      code: sku,
      name: text({ max: 300 }).optional(),
      description: text({ max: 5000 }).nullable().optional(),
      categories: z.array(slug).max(20).optional(),
    }),
    output: productView,
    reasons: ['catalog.unknown_product', 'catalog.unknown_category'],
  }),
  /** Publishes a product, or takes it back to a draft: only what is published is shown and sold. */
  setStatus: command({
    access: staff('catalog:write'),
    input: z.strictObject({ code: sku, status }),
    output: productView,
    reasons: ['catalog.unknown_product'],
  }),
  /** Sets the list price of a variant in the price's currency. */
  setPrice: command({
    access: staff('catalog:write'),
    input: z.strictObject({ sku, price: money }),
    output: variantView,
    reasons: ['catalog.unknown_sku', 'catalog.too_many_prices'],
  }),
  /** Makes a category, or changes its name and place. */
  saveCategory: command({
    access: staff('catalog:write'),
    input: z.strictObject({ slug, name: text({ max: 100 }), parent: slug.optional() }),
    output: category,
    reasons: ['catalog.unknown_category', 'catalog.category_circle'],
  }),
  /** All categories, by slug, each with how many published products it holds itself. */
  listCategories: query({
    access: anyone,
    cached: true,
    input: z.strictObject({}),
    output: z.strictObject({ categories: z.array(category.extend({ products: z.int() })) }),
  }),
  /** A product by its id or by the SKU of one of its variants. Drafts are there for `catalog:read` only. */
  get: query({
    access: anyone,
    cached: true,
    input: z.union([z.strictObject({ id: id('prd') }), z.strictObject({ sku })]),
    output: productView,
    reasons: ['catalog.unknown_product'],
  }),
  /** Published products in the order they were imported, all or those of a category, a page at a time. */
  list: query({
    access: anyone,
    cached: true,
    input: z.strictObject({ ...pageRequest, category: slug.optional() }),
    output: pageOf(productView),
    reasons: ['catalog.bad_cursor', 'catalog.unknown_category'],
  }),
  /** Published products that match all words of a text (in name, description, code, SKU), best match first. */
  search: query({
    access: anyone,
    cached: true,
    input: z.strictObject({ ...pageRequest, text: text({ max: 200 }), category: slug.optional() }),
    output: pageOf(productView),
    reasons: ['catalog.bad_cursor', 'catalog.unknown_category'],
  }),
  /** Products of any status, in the order they were imported, a page at a time. */
  listAll: query({
    access: staff('catalog:read'),
    input: z.strictObject({ ...pageRequest, status: status.optional() }),
    output: pageOf(productView),
    reasons: ['catalog.bad_cursor'],
  }),
  /** What a checkout must know of these variants. Unknown ones are missing from the answer. */
  variants: query({
    access: internal,
    input: z.strictObject({ skus: z.array(sku).max(1000) }),
    output: z.strictObject({
      variants: z.array(
        z.strictObject({
          sku: z.string(),
          name: z.string(),
          prices: z.array(money),
          stocked: z.boolean(),
          published: z.boolean(),
        }),
      ),
    }),
  }),
})
export type CatalogRouter = RouterOf<typeof contract>
