import { implement } from '#platform/calls/implement'
import { undoOf } from '#platform/saga/saga'
import { authorisePayment } from './authorise-payment.ts'
import { contract } from './contract.ts'
import { getPayment } from './get-payment.ts'
import { getTotals } from './get-totals.ts'
import { receiveWebhook } from './receive-webhook.ts'
import { acceptDifference } from './reconciliation/accept-difference.ts'
import { listDifferences } from './reconciliation/list-differences.ts'
import type { RememberingProvider } from './remember-answers.ts'

/** `webhookSecret` signs the provider's webhooks. */
export const createRouter = ({ provider, webhookSecret }: { provider: RememberingProvider; webhookSecret: string }) =>
  implement(contract, {
    authorise: authorisePayment(provider),
    void: undoOf('authorise'),
    receiveWebhook: receiveWebhook({ secret: webhookSecret, provider }),
    get: getPayment,
    totals: getTotals,
    reconciliation: listDifferences,
    acceptDifference,
  })
