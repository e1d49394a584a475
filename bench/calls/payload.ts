/** What is measured: an order-like question of about 400 bytes, answered with about 600, validated both ways. */
import { type BoundOperation, bindOperations, type ModuleRuntime } from '#platform/calls/operation'
import { implement } from '#platform/calls/implement'
import { systemClock } from '#platform/clock'
import { defineContract, internal, query } from '#platform/contract'
import { randomIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { z } from 'zod'
import { priced } from './order.ts'

const line = z.strictObject({ sku: z.string().min(1).max(40), quantity: z.int().min(1), unitMinor: z.int().min(0) })
export const orderInput = z.strictObject({
  cartId: z.string().min(1),
  customer: z.string().min(1),
  email: z.string().max(200),
  currency: z.enum(['GBP', 'EUR']),
  lines: z.array(line).min(1).max(100),
  note: z.string().max(500),
})
export const orderAnswer = z.object({
  orderId: z.string(),
  state: z.enum(['placed', 'cancelled']),
  placedAt: z.string(),
  total: z.object({ amountMinor: z.int(), currency: z.enum(['GBP', 'EUR']) }),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitMinor: z.int(), totalMinor: z.int() })),
  note: z.string(),
})

export const stallContract = defineContract('stall', {
  /** Prices an order, and keeps nothing. */
  price: query({ access: internal, input: orderInput, output: orderAnswer }),
})

/** The operation, bound as a process that hosts it would. */
export function bindStall(log: Log): Map<string, BoundOperation> {
  const runtime = { name: 'stall', log, clock: systemClock, newId: randomIds } as ModuleRuntime
  const router = implement(stallContract, { price: (_ctx, input) => Promise.resolve(priced(input)) })
  return bindOperations(router, runtime)
}
