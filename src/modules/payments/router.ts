import { implement } from '#platform/calls/implement'
import { undoOf } from '#platform/saga/saga'
import { authorisePayment } from './authorise-payment.ts'
import { capturePayment } from './capture-payment.ts'
import { contract } from './contract.ts'
import { getPayment } from './get-payment.ts'
import { getTotals } from './get-totals.ts'
import type { PaymentProvider } from './provider.ts'
import { receiveWebhook } from './receive-webhook.ts'

/** `webhookSecret` signs the provider's webhooks. */
export const createRouter = ({ provider, webhookSecret }: { provider: PaymentProvider; webhookSecret: string }) =>
  implement(contract, {
    authorise: authorisePayment(provider),
    void: undoOf('authorise'),
    capture: capturePayment(provider),
    receiveWebhook: receiveWebhook(webhookSecret),
    get: getPayment,
    totals: getTotals,
  })
