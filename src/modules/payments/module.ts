/** The assembly of payments: its provider is the one at `PAYMENTS_URL`, or a sandbox of the hall's own. */
import { join } from 'node:path'
import type { ModuleAssembly } from '#platform/calls/implement'
import { handleJob, handleJobs } from '#platform/events/job'
import type { AssemblyDeps } from '#platform/host/assembly'
import { carryOutAmounts, carryOutCancellations } from './carry-out-requests.ts'
import { cancel, capture, refund, resolveAttempt } from './jobs.ts'
import { createHttpProvider } from './provider.ts'
import { reconcile } from './reconciliation/reconcile.ts'
import { rememberAnswers } from './remember-answers.ts'
import { resolveAttempts, resolveOneAttempt } from './resolve-attempts.ts'
import { createRouter } from './router.ts'
import { startSandboxChild } from './sandbox/child.ts'

/** Starts the sandbox where no provider is configured; `close` ends it. */
export async function createPaymentsModule({ config, log, secretFor }: AssemblyDeps): Promise<ModuleAssembly> {
  const file = join(config.dataDir, 'payments-sandbox.sqlite')
  const sandbox = config.paymentsUrl === undefined ? await startSandboxChild({ file, log }) : undefined
  const client = createHttpProvider({
    url: config.paymentsUrl ?? sandbox?.url ?? '',
    timeoutMs: config.paymentsTimeoutMs,
  })
  const provider = rememberAnswers(client)
  const secret = config.paymentsWebhookSecret ?? secretFor('payments-webhook')
  const registersWebhook = sandbox !== undefined || config.paymentsWebhookSecret !== undefined
  return {
    router: createRouter({ provider, webhookSecret: secret }),
    jobs: [
      handleJobs(capture, carryOutAmounts('capture', provider)),
      handleJobs(refund, carryOutAmounts('refund', provider)),
      handleJobs(cancel, carryOutCancellations(provider)),
      handleJob(resolveAttempt, resolveOneAttempt(provider)),
    ],
    schedules: [resolveAttempts(provider), reconcile(provider)],
    async onOpen({ publicUrl }) {
      if (publicUrl === undefined || !registersWebhook) return
      const url = `${publicUrl}/webhooks/payments`
      // Without webhooks payments still learns every outcome, by its sweep: no reason to stay closed.
      await provider
        .registerWebhook({ url, secret })
        .catch((error: unknown) => log.warn({ err: error, url }, 'the payment provider did not take our webhook'))
    },
    async close() {
      await client.close()
      await sandbox?.[Symbol.asyncDispose]()
    },
  }
}
