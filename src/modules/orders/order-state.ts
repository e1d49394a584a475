/**
 * The states of an order: decisions only, no clock, id or database.
 *
 * placed → paid → shipping → shipped, and from the first two → cancelled. `shipping` decides between cancel and ship: from
 * there on nothing goes back. Where money is captured only as goods leave, `paid` is no step on the way to `shipping`: such
 * an order is paid when its last penny was captured, in whatever state it is by then.
 */
import type { z } from 'zod'
import type { orderState } from './contract.ts'

export type OrderState = z.infer<typeof orderState>

/** When money is captured: as soon as an order is placed, or when its goods leave. */
export type CaptureOn = 'placing' | 'shipping'

const statesBeforeOf: Record<OrderState, readonly OrderState[]> = {
  placed: [],
  paid: ['placed'],
  shipping: ['paid'],
  shipped: ['shipping'],
  cancelled: ['placed', 'paid'],
}

/** The states from which an order may become `state`. */
export const statesBefore = (state: OrderState, captureOn: CaptureOn = 'placing'): OrderState[] =>
  state === 'shipping' && captureOn === 'shipping' ? ['placed', 'paid'] : [...statesBeforeOf[state]]

/** The states that an order has gone through once it is placed: one that costs nothing owes nothing, and is paid. */
export const statesWhenPlaced = (grossMinor: number): [OrderState, ...OrderState[]] =>
  grossMinor === 0 ? ['placed', 'paid'] : ['placed']

/** What is captured as soon as an order is placed. Nothing will ever ship of an order without goods: it is not waited for. */
export const capturedOnPlacing = (order: { grossMinor: number; hasGoods: boolean }, captureOn: CaptureOn): number =>
  captureOn === 'placing' || !order.hasGoods ? order.grossMinor : 0
