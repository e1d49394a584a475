/**
 * The declared graph of the hall: who calls whom, who listens to whom, who sends jobs to whom; names only.
 * Calls form no cycle. A listener's reading of a journal is no call.
 */
import type { ModuleAssembly } from '#platform/calls/implement'
import type { AssemblyDeps } from '#platform/host/assembly'

/** What audit listens to and the gateway calls is every one of these. */
const modules = {
  identity: { calls: [], listens: [], sendsJobs: [] },
  catalog: { calls: [], listens: [], sendsJobs: [] },
  inventory: { calls: [], listens: ['orders', 'fulfilment'], sendsJobs: [] },
  pricing: { calls: [], listens: [], sendsJobs: [] },
  checkout: {
    calls: ['catalog', 'pricing', 'inventory', 'fulfilment', 'payments', 'orders'],
    listens: [],
    sendsJobs: [],
  },
  orders: { calls: [], listens: ['payments', 'fulfilment'], sendsJobs: ['payments'] },
  payments: { calls: [], listens: [], sendsJobs: [] },
  fulfilment: { calls: ['orders'], listens: ['orders'], sendsJobs: [] },
  reporting: { calls: [], listens: ['orders'], sendsJobs: [] },
} as const

const others = Object.keys(modules) as (keyof typeof modules)[]

export const graph = {
  ...modules,
  audit: { calls: [], listens: others, sendsJobs: [] },
  gateway: {
    calls: [...others, 'audit'],
    // What guests are answered from memory is read again once its module has announced something.
    listens: ['catalog', 'fulfilment'],
    sendsJobs: [],
  },
} as const

export type ModuleName = Exclude<keyof typeof graph, 'gateway'>
export const moduleNames = (Object.keys(graph) as (keyof typeof graph)[]).filter((name) => name !== 'gateway')

type Loader = (deps: AssemblyDeps) => Promise<ModuleAssembly>

/** How a process that hosts a module gets it; processes that do not host it never load it. */
export const loaders: Record<ModuleName, Loader> = {
  identity: async (deps) => (await import('./modules/identity/module.ts')).createIdentityModule(deps),
  catalog: async () => (await import('./modules/catalog/module.ts')).createCatalogModule(),
  inventory: async () => (await import('./modules/inventory/module.ts')).createInventoryModule(),
  pricing: async () => (await import('./modules/pricing/module.ts')).createPricingModule(),
  checkout: async () => (await import('./modules/checkout/module.ts')).createCheckoutModule(),
  orders: async (deps) => (await import('./modules/orders/module.ts')).createOrdersModule(deps),
  payments: async (deps) => (await import('./modules/payments/module.ts')).createPaymentsModule(deps),
  fulfilment: async () => (await import('./modules/fulfilment/module.ts')).createFulfilmentModule(),
  reporting: async () => (await import('./modules/reporting/module.ts')).createReportingModule(),
  audit: async () => (await import('./modules/audit/module.ts')).createAuditModule(),
}
