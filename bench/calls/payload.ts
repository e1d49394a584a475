/** What is measured: an order-like question of about 400 bytes, answered with about 600, validated both ways. */
import { type BoundOperation, bindOperations, type ModuleRuntime } from '#platform/calls/operation'
import { implement } from '#platform/calls/implement'
import { systemClock } from '#platform/clock'
import { defineContract, internal, query } from '#platform/contract'
import { randomIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { z } from 'zod'

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

export const order: z.infer<typeof orderInput> = {
  cartId: 'cart_01890000-0000-7000-8000-000000000000',
  customer: 'cus_01890000-0000-7000-8000-000000000000',
  email: 'ada.lovelace@example.com',
  currency: 'GBP',
  lines: ['MUG-STONEWARE', 'TEAPOT-CAST-IRON', 'BUNTING-SUMMER'].map((sku) => ({ sku, quantity: 2, unitMinor: 295 })),
  note: 'Please ring twice and leave it with the neighbours.',
}

export function priced({ lines, currency, note }: z.infer<typeof orderInput>): z.infer<typeof orderAnswer> {
  const totals = lines.map((each) => ({ ...each, totalMinor: each.quantity * each.unitMinor }))
  return {
    orderId: 'ord_01890000-0000-7000-8000-000000000000',
    state: 'placed',
    placedAt: '2026-11-27T12:00:00.000Z',
    total: { amountMinor: totals.reduce((sum, each) => sum + each.totalMinor, 0), currency },
    lines: totals,
    note: `${note} ${'It is packed in paper, and insured on the way. '.repeat(3)}`,
  }
}

/** The operation, bound as a process that hosts it would. */
export function bindStall(log: Log): Map<string, BoundOperation> {
  const runtime = { name: 'stall', log, clock: systemClock, newId: randomIds } as ModuleRuntime
  const router = implement(stallContract, { price: (_ctx, input) => Promise.resolve(priced(input)) })
  return bindOperations(router, runtime)
}
