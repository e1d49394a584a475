import type { contract as ordersContract } from '#modules/orders'
import type { ClientOf } from '#platform/contract'

/** Whom fulfilment calls. */
export type Calls = {
  orders: ClientOf<typeof ordersContract>
}

export type Fulfilment = { calls: Calls }
