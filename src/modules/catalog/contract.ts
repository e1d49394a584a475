import { anyone, command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import { id, money, pageOf, pageRequest, text } from '#platform/values'
import { z } from 'zod'

/** A stock keeping unit: upper case whatever the case it came in, at most 64 characters. */
const sku = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9 ._/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces or . _ / -')

const newVariant = z.strictObject({
  sku,
  /** What tells it from its sisters, such as `red`. */
  title: text({ max: 200 }).optional(),
  /** The list price, tax included. */
  price: money,
  /** Whether stock is kept of it; services and charges have none. */
  stocked: z.boolean(),
})

const newProduct = z.strictObject({
  /** The product's own code, unique for ever: a second import of it changes nothing. */
  code: sku,
  name: text({ max: 300 }),
  description: text({ max: 5000 }).optional(),
  variants: z.array(newVariant).min(1).max(100),
})

const variantView = z.strictObject({
  sku: z.string(),
  title: z.string().nullable(),
  price: money,
  stocked: z.boolean(),
})

const productView = z.strictObject({
  id: id('prd'),
  code: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  variants: z.array(variantView),
})

export const contract = defineContract('catalog', {
  /** Imports products with their variants. What is there already, by code or SKU, stays as it is. */
  importProducts: command({
    access: staff('catalog:write'),
    input: z.strictObject({ products: z.array(newProduct).min(1).max(500) }),
    output: z.strictObject({ productsCreated: z.int(), variantsCreated: z.int(), unchanged: z.int() }),
    reasons: ['catalog.sku_twice'],
  }),
  /** Sets the list price of a variant. */
  setPrice: command({
    access: staff('catalog:write'),
    input: z.strictObject({ sku, price: money }),
    output: variantView,
    reasons: ['catalog.unknown_sku'],
  }),
  /** A product with its variants and prices, by its id or by the SKU of one of its variants. */
  get: query({
    access: anyone,
    input: z.union([z.strictObject({ id: id('prd') }), z.strictObject({ sku })]),
    output: productView,
    reasons: ['catalog.unknown_product'],
  }),
  /** Products with their variants and prices, in the order they were imported, a page at a time. */
  list: query({
    access: anyone,
    input: z.strictObject(pageRequest),
    output: pageOf(productView),
    reasons: ['catalog.bad_cursor'],
  }),
  /** What a checkout must know of these variants. Unknown ones are missing from the answer. */
  variants: query({
    access: internal,
    input: z.strictObject({ skus: z.array(sku).max(1000) }),
    output: z.strictObject({
      variants: z.array(z.strictObject({ sku: z.string(), name: z.string(), price: money, stocked: z.boolean() })),
    }),
  }),
})
export type CatalogRouter = RouterOf<typeof contract>
