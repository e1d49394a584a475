import type { ModuleAssembly } from '#platform/calls/implement'
import { router } from './router.ts'

export function createIdentityModule(): ModuleAssembly {
  return { router }
}
