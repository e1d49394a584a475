import type { contract as catalogContract } from '#modules/catalog'
import type { contract as fulfilmentContract } from '#modules/fulfilment'
import type { contract as inventoryContract } from '#modules/inventory'
import type { contract as ordersContract } from '#modules/orders'
import type { contract as paymentsContract } from '#modules/payments'
import type { contract as pricingContract } from '#modules/pricing'
import type { ClientOf } from '#platform/contract'

/** Whom checkout calls. */
export type Calls = {
  catalog: ClientOf<typeof catalogContract>
  pricing: ClientOf<typeof pricingContract>
  inventory: ClientOf<typeof inventoryContract>
  fulfilment: ClientOf<typeof fulfilmentContract>
  payments: ClientOf<typeof paymentsContract>
  orders: ClientOf<typeof ordersContract>
}

export type Checkout = { calls: Calls }
