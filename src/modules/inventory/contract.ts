import { command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import { id, integer, slug, text } from '#platform/values'
import { z } from 'zod'

/** A stock keeping unit: upper case whatever the case it came in, at most 64 characters. */
const sku = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9 ._/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces or . _ / -')

/** A number of units: 1 to 1,000,000. */
const quantity = integer(1, 1_000_000)

/** What the stock is for, such as the saga that asks for it: one reservation per reference, for ever. */
const reference = text({ max: 100 })

const lines = z.array(z.strictObject({ sku, quantity })).min(1).max(1000)

const level = z.strictObject({
  sku: z.string(),
  onHand: z.int(),
  /** Promised to orders that have not left the house. */
  reserved: z.int(),
  /** Kept for carts, for a while. */
  held: z.int(),
  available: z.int(),
})

export const contract = defineContract('inventory', {
  /** Makes a location, or changes its name and priority. Stock is taken from the lowest priority first. */
  saveLocation: command({
    access: staff('inventory:write'),
    input: z.strictObject({ code: slug, name: text({ max: 100 }), priority: integer(0, 1000).optional() }),
    output: z.strictObject({ code: z.string(), name: z.string(), priority: z.int() }),
  }),
  /** The locations, in the order in which stock is taken from them. There always is one, `main`. */
  listLocations: query({
    access: staff('inventory:read'),
    input: z.strictObject({}),
    output: z.strictObject({
      locations: z.array(z.strictObject({ code: z.string(), name: z.string(), priority: z.int() })),
    }),
  }),
  /** Receives stock at a location (`main` unless named) under a reference. A second receipt under it receives nothing. */
  receive: command({
    access: staff('inventory:write'),
    input: z.strictObject({ reference, location: slug.optional(), lines }),
    output: z.strictObject({ received: z.boolean(), units: z.int() }),
    reasons: ['inventory.unknown_location'],
  }),
  /**
   * Keeps stock for a cart until an instant, all lines or none; lines of one SKU add up. The same reference again replaces
   * what it held and extends it. A hold ends by itself; `minutes` counts from now, by the database's clock.
   */
  hold: command({
    access: internal,
    input: z.strictObject({ reference, lines, minutes: integer(1, 120) }),
    output: z.strictObject({ expiresAt: z.string() }),
    reasons: ['inventory.out_of_stock'],
  }),
  /** Ends a hold early. Repeating the call is harmless. */
  endHold: command({
    access: internal,
    input: z.strictObject({ reference }),
    output: z.strictObject({ ended: z.boolean() }),
  }),
  /**
   * Promises stock to a reference: all lines or none. Lines of one SKU add up. What `hold` keeps for the cart is given up for
   * it in the same statement, whether or not it has expired.
   */
  reserve: command({
    access: internal,
    input: z.strictObject({ reference, lines, hold: reference.optional() }),
    output: z.strictObject({ reservationId: id('rsv') }),
    reasons: ['inventory.out_of_stock', 'inventory.reference_used'],
  }),
  /** Takes a reservation back, whether or not it has arrived. */
  release: command({
    access: internal,
    undoes: 'reserve',
    input: z.strictObject({ reference }),
    output: z.strictObject({ released: z.boolean() }),
    reasons: ['inventory.already_committed'],
  }),
  /** On-hand, reserved, held and available units of these SKU, in all and by location. Those never received are missing. */
  levels: query({
    access: staff('inventory:read'),
    input: z.strictObject({ skus: z.array(sku).min(1).max(1000) }),
    output: z.strictObject({
      levels: z.array(
        level.extend({
          locations: z.array(
            z.strictObject({ location: z.string(), onHand: z.int(), reserved: z.int(), held: z.int() }),
          ),
        }),
      ),
    }),
  }),
})
export type InventoryRouter = RouterOf<typeof contract>
