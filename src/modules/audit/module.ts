import type { ModuleAssembly } from '#platform/calls/implement'
import { listeners } from './handlers.ts'
import { router } from './router.ts'

export function createAuditModule(): ModuleAssembly {
  const refused = 'its chain keeps in which order things were recorded, and what was shown of it must stay true'
  return { router, listeners, rebuild: { refused } }
}
