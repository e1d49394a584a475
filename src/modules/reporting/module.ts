import type { ModuleAssembly } from '#platform/calls/implement'
import { listeners } from './handlers.ts'
import { router } from './router.ts'

export function createReportingModule(): ModuleAssembly {
  return { router, listeners, rebuild: 'from events' }
}
