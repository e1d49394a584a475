import type { ModuleAssembly } from '#platform/calls/implement'
import { listeners } from './handlers.ts'
import { router } from './router.ts'

export const createFulfilmentModule = (): ModuleAssembly => ({ router, listeners })
