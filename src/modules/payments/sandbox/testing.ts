/** What the sandbox's tests run on: a sandbox with its clients, an endpoint with a memory, a place on the disk. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpProvider, webhookIsGenuine, type Attempt, type Outcome, type PaymentProvider } from '../provider.ts'
import { startSandbox, type SandboxOptions } from './server.ts'
import type { Charge, WebhookEvent } from './wire.ts'

export const secret = 'whsec_of_the_test'
export const unbounded = 30_000
// Only for what hangs before it leaves a trace to wait for: it hangs for ever, so waiting longer would show no more.
const impatient = 500

export async function startTestSandbox(options: Partial<SandboxOptions> = {}) {
  const sandbox = await startSandbox({ port: 0, file: ':memory:', synchronous: 'off', ...options })
  const provider = createHttpProvider({ url: sandbox.url, timeoutMs: unbounded })
  const hasty = createHttpProvider({ url: sandbox.url, timeoutMs: impatient })
  const read = async (path: string): Promise<unknown> => (await fetch(sandbox.url + path)).json()
  return {
    provider,
    hasty,
    get: (path: string) => fetch(sandbox.url + path),
    charges: async (query = '') => (await read(`/v1/charges${query}`)) as { charges: Charge[]; next: string | null },
    async [Symbol.asyncDispose]() {
      await provider.close()
      await hasty.close()
      await sandbox.close()
    },
  }
}

type Received = { event: WebhookEvent; genuine: boolean }

/** An endpoint with a memory. It answers with the given statuses first, and 200 from then on. */
export async function startReceiver(statuses: number[] = []) {
  const received: Received[] = []
  let requests = 0
  let arrived = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const header = String(request.headers['x-payment-signature'])
      requests += 1
      const genuine = webhookIsGenuine(secret, body, header)
      const { events } = JSON.parse(body) as { events: WebhookEvent[] }
      received.push(...events.map((event) => ({ event, genuine })))
      response.writeHead(statuses.shift() ?? 200).end()
      arrived.resolve()
      arrived = Promise.withResolvers()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    webhook: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/payments`, secret },
    requests: () => requests,
    async until(enough: (received: readonly Received[]) => boolean): Promise<readonly Received[]> {
      while (!enough(received)) await arrived.promise
      return received
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

export async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), 'payment-sandbox-'))
  return {
    file: join(folder, 'made', 'sandbox.sqlite'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Submits what hangs after it was committed, and hangs up when it is. */
export async function submitAndHangUp(provider: PaymentProvider, attempt: Attempt): Promise<unknown> {
  const caller = new AbortController()
  const submitted = provider.submit(attempt, { signal: caller.signal }).catch((error: unknown) => error)
  while (typeof (await provider.find(attempt.key)) === 'string') await new Promise(setImmediate)
  caller.abort()
  return submitted
}

/** An authorisation to submit, of 1000. */
export const authorise = (source = 'card_ok', key: string = randomUUID()): Attempt => ({
  key,
  kind: 'authorise',
  amountMinor: 1000,
  currency: 'GBP',
  source,
})
/** What is asked of an authorisation. */
export const of = (outcome: Outcome, kind: 'capture' | 'void' | 'refund', amountMinor: number): Attempt => ({
  key: randomUUID(),
  kind,
  amountMinor,
  currency: 'GBP',
  authorisation: outcome.providerId,
})
