import type { ModuleAssembly } from '#platform/calls/implement'
import { router } from './router.ts'

/** Assembles pricing: it calls nobody and listens to nobody. */
export const createPricingModule = (): ModuleAssembly => ({ router })
