import type { ModuleAssembly } from '#platform/calls/implement'
import { router } from './router.ts'

/** Assembles the catalog: it calls nobody and listens to nobody. */
export const createCatalogModule = (): ModuleAssembly => ({ router })
