import { command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import { id, integer, text } from '#platform/values'
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

export const contract = defineContract('inventory', {
  /** Receives stock under a reference. A second receipt under the same reference receives nothing. */
  receive: command({
    access: staff('inventory:write'),
    input: z.strictObject({ reference, lines }),
    output: z.strictObject({ received: z.boolean(), units: z.int() }),
  }),
  /** Promises stock to a reference: all lines or none. Lines of one SKU add up. */
  reserve: command({
    access: internal,
    input: z.strictObject({ reference, lines }),
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
  /** Takes the reserved units off the stock: they have left the house. */
  commit: command({
    access: internal,
    input: z.strictObject({ reference }),
    output: z.strictObject({ committed: z.boolean() }),
    reasons: ['inventory.unknown_reservation', 'inventory.already_released'],
  }),
  /** On-hand, reserved and available units of these SKU. Those never received are missing from the answer. */
  levels: query({
    access: staff('inventory:read'),
    input: z.strictObject({ skus: z.array(sku).min(1).max(1000) }),
    output: z.strictObject({
      levels: z.array(z.strictObject({ sku: z.string(), onHand: z.int(), reserved: z.int(), available: z.int() })),
    }),
  }),
})
export type InventoryRouter = RouterOf<typeof contract>
