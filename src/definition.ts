/** The hall as a whole: its graph, its contracts, how its modules are loaded, and what stands at its gateway. */
import type { HallDefinition } from '#platform/host/open-process'
import type { JWK } from 'jose'
import packageFile from '../package.json' with { type: 'json' }
import { hallContracts } from './contracts.ts'
import { frontPage } from './front-page.ts'
import { graph, loaders } from './modules.ts'
import type { Actor } from '#platform/values'

export const definition: HallDefinition = {
  version: packageFile.version,
  graph,
  contracts: hallContracts,
  loaders,
  page: frontPage,
  webhooks: [
    {
      path: '/webhooks/payments',
      module: 'payments',
      operation: 'receiveWebhook',
      signatureHeader: 'x-payment-signature',
    },
  ],
  authentication: {
    async authenticate(ask, shown) {
      const answer =
        shown.kind === 'key'
          ? ask('identity', 'authenticate', { keyHash: shown.keyHash })
          : ask('identity', 'authenticateSession', { sessionId: shown.sessionId })
      const { actor } = (await answer) as { actor: Actor | null }
      return actor ?? undefined
    },
    async signingKeys(ask) {
      const { keys } = (await ask('identity', 'signingKeys', {})) as { keys: JWK[] }
      return keys
    },
  },
}
