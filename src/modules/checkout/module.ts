import type { ModuleAssembly } from '#platform/calls/implement'
import { router } from './router.ts'

export const createCheckoutModule = (): ModuleAssembly => ({ router })
