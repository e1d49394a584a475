/** The hall as a whole: its graph, its contracts, how its modules are loaded, and what stands at its gateway. */
import type { HallDefinition } from '#platform/host/open-process'
import { contracts } from './contracts.ts'
import { graph, loaders } from './modules.ts'
import type { Actor } from '#platform/values'

export const definition: HallDefinition = {
  graph,
  contracts,
  loaders,
  webhooks: [
    {
      path: '/webhooks/payments',
      module: 'payments',
      operation: 'receiveWebhook',
      signatureHeader: 'x-payment-signature',
    },
  ],
  async authenticate(ask, keyHash) {
    const { actor } = (await ask('identity', 'authenticate', { keyHash })) as { actor: Actor | null }
    return actor ?? undefined
  },
}
