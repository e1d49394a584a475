import type { ModuleAssembly } from '#platform/calls/implement'
import { jobs, listeners } from './handlers.ts'
import { router } from './router.ts'
import { sweepHolds } from './holds/sweep-holds.ts'

/** Assembles the inventory: it calls nobody. */
export const createInventoryModule = (): ModuleAssembly => ({
  router,
  listeners,
  jobs,
  schedules: [sweepHolds],
  rebuild: { refused: 'commands and jobs write its tables too' },
})
