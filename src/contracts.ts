/** The contracts of the modules: what a gateway, a client or a tool may know of the hall without loading a module. */
import type { HallRouterOf } from '#platform/contract'
import { withOperatorOperations } from '#platform/operate/contract'
import { contract as audit } from '#modules/audit'
import { contract as catalog } from '#modules/catalog'
import { contract as checkout } from '#modules/checkout'
import { contract as fulfilment } from '#modules/fulfilment'
import { contract as identity } from '#modules/identity'
import { contract as inventory } from '#modules/inventory'
import { contract as orders } from '#modules/orders'
import { contract as payments } from '#modules/payments'
import { contract as pricing } from '#modules/pricing'
import { contract as reporting } from '#modules/reporting'

export const contracts = {
  identity,
  catalog,
  inventory,
  pricing,
  checkout,
  orders,
  payments,
  fulfilment,
  reporting,
  audit,
}

/** The contracts with what the platform adds to each module for its operators: all that the hall answers. */
export const hallContracts = withOperatorOperations(contracts)

/** The hall's tRPC router type: `createTRPCClient<HallRouter>()` is a typed client of the whole hall. */
export type HallRouter = HallRouterOf<typeof hallContracts>
