import type { ModuleAssembly } from '#platform/calls/implement'
import { router } from './router.ts'

/** Assembles the inventory: it calls nobody and listens to nobody. */
export const createInventoryModule = (): ModuleAssembly => ({ router })
