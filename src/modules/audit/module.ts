import type { ModuleAssembly } from '#platform/calls/implement'
import { listeners } from './handlers.ts'
import { router } from './router.ts'

export function createAuditModule(): ModuleAssembly {
  return { router, listeners }
}
