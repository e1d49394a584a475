import type { ModuleAssembly } from '#platform/calls/implement'
import { listeners } from './handlers.ts'
import { router } from './router.ts'

export const createFulfilmentModule = (): ModuleAssembly => ({
  router,
  listeners,
  rebuild: { refused: 'commands write its tables too, and no event tells again how parcels are sent' },
})
