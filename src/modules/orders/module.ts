import type { ModuleAssembly } from '#platform/calls/implement'
import type { AssemblyDeps } from '#platform/host/assembly'
import { listeners } from './handlers.ts'
import { createRouter } from './router.ts'

export const createOrdersModule = ({ config }: Pick<AssemblyDeps, 'config'>): ModuleAssembly => ({
  router: createRouter(config.captureOn),
  listeners,
  rebuild: { refused: 'commands write its tables too: what it holds is where the events of others begin' },
})
