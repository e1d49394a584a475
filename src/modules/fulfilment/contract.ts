import { anyone, command, defineContract, query, type RouterOf, saga, staff } from '#platform/contract'
import { address, country, currency, id, integer, money, pageOf, pageRequest, slug, text } from '#platform/values'
import { z } from 'zod'

/** A way to send goods to a country, at one price whatever is in the parcel. */
const method = z.strictObject({
  code: slug,
  country,
  name: text({ max: 100 }),
  /** The flat rate, tax included. */
  price: money,
  /** The lowest comes first. */
  position: z.int(),
})

const shipmentState = z.enum(['waiting', 'shipped', 'cancelled'])

const shipment = z.strictObject({
  id: id('shp'),
  orderId: id('ord'),
  orderNumber: z.int(),
  state: shipmentState,
  address,
  method: z.string().nullable(),
  lines: z.array(z.strictObject({ sku: z.string(), name: z.string(), quantity: z.int() })),
  carrier: z.string().nullable(),
  trackingNumber: z.string().nullable(),
  shippedAt: z.string().nullable(),
})

export const contract = defineContract('fulfilment', {
  /** Makes a shipping method of a country, or changes it. It has one price per currency. */
  saveMethod: command({
    access: staff('fulfilment:write'),
    input: z.strictObject({
      code: slug,
      country,
      name: text({ max: 100 }),
      price: money,
      position: integer(0, 1000).optional(),
    }),
    output: method,
  }),
  /** Takes a shipping method of a country away, in all currencies. Repeating the call is harmless. */
  removeMethod: command({
    access: staff('fulfilment:write'),
    input: z.strictObject({ code: slug, country }),
    output: z.strictObject({ removed: z.boolean() }),
  }),
  /** The ways to send goods to a country and their prices in a currency. A country without any is served without charge. */
  methods: query({
    access: anyone,
    cached: true,
    input: z.strictObject({ country, currency }),
    output: z.strictObject({
      methods: z.array(z.strictObject({ code: z.string(), name: z.string(), price: money })),
    }),
  }),
  /** What is to be sent and what was, oldest order first, a page at a time. */
  listShipments: query({
    access: staff('fulfilment:read'),
    input: z.strictObject({ ...pageRequest, state: shipmentState.optional() }),
    output: pageOf(shipment),
    reasons: ['fulfilment.bad_cursor'],
  }),
  /** Sends an order's goods, unless it was cancelled or is not ready: a parcel never leaves for a cancelled order. */
  ship: saga({
    access: staff('fulfilment:ship'),
    input: z.strictObject({
      orderId: id('ord'),
      carrier: text({ max: 100 }).optional(),
      trackingNumber: text({ max: 100 }).optional(),
    }),
    output: shipment,
    reasons: ['fulfilment.unknown_shipment', 'orders.unknown_order', 'orders.cancelled', 'orders.not_paid'],
  }),
})
export type FulfilmentRouter = RouterOf<typeof contract>
