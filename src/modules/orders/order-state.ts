/** The states of an order: decisions only, no clock, id or database. */
import type { z } from 'zod'
import type { orderState } from './contract.ts'

export type OrderState = z.infer<typeof orderState>

/** What may follow what. `paid` is the end until orders are shipped, cancelled and returned. */
const followers: Record<OrderState, readonly OrderState[]> = { placed: ['paid'], paid: [] }

/** The states from which an order may become `state`. */
export const statesBefore = (state: OrderState): OrderState[] =>
  (Object.keys(followers) as OrderState[]).filter((before) => followers[before].includes(state))

/** The states that an order has gone through once it is placed: one that costs nothing owes nothing, and is paid. */
export const statesWhenPlaced = (grossMinor: number): [OrderState, ...OrderState[]] =>
  grossMinor === 0 ? ['placed', 'paid'] : ['placed']
