/**
 * Delivers webhooks at least once, from a queue that survives a restart. Deliveries run beside the requests and never
 * disturb them. An event that happens while no endpoint is registered is not kept.
 */
import { Agent } from 'undici'
import { signWebhook } from '../provider.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Delivery, Store } from './store.ts'
import type { WebhookEndpoint, WebhookEvent } from './wire.ts'

const parallelMax = 8
const triesMax = 7
const retryDelayMsMin = 100
const timeoutMs = 5_000

export type SandboxLog = (message: string, details: Record<string, unknown>) => void
export type WebhookSender = {
  /** To be called inside a transaction: the event is queued if what caused it is committed. */
  announce(event: WebhookEvent, delaysMs: readonly number[]): void
  /** Delivers what is due. */
  wake(): void
  close(): Promise<void>
}

export function createWebhookSender(parts: { store: Store; commits: GroupCommit; log: SandboxLog }): WebhookSender {
  const { store, commits, log } = parts
  const agent = new Agent({ connections: parallelMax })
  const closing = new AbortController()
  const underWay = new Map<number, Promise<void>>()
  let timer: NodeJS.Timeout | undefined

  function wake(): void {
    if (closing.signal.aborted || underWay.size >= parallelMax) return
    clearTimeout(timer)
    const nowMs = Date.now()
    const endpoint = store.endpoint()
    if (!endpoint) return
    for (const delivery of store.dueDeliveries(nowMs, parallelMax * 2)) {
      if (underWay.size >= parallelMax) return // Whichever ends first wakes us again.
      if (!underWay.has(delivery.number)) underWay.set(delivery.number, carry(endpoint, delivery))
    }
    const nextDueMs = store.nextDueAfter(nowMs)
    if (nextDueMs !== null) timer = setTimeout(wake, nextDueMs - nowMs)
  }

  async function carry(endpoint: WebhookEndpoint, delivery: Delivery): Promise<void> {
    const failure = await post(endpoint, delivery.body, { agent, closing: closing.signal })
    // What closing cut off is not a try: the next start delivers it.
    if (closing.signal.aborted) return
    try {
      await commits.run(() => note(delivery, failure))
    } catch (error) {
      log('webhook result not recorded', { delivery: delivery.number, error: String(error) })
    }
    underWay.delete(delivery.number)
    wake()
  }

  function note({ number, tries }: Delivery, failure: string | undefined): void {
    if (failure === undefined) return store.deliveryDone(number)
    log('webhook failed', { delivery: number, tries: tries + 1, failure })
    if (tries + 1 >= triesMax) return store.deliveryGivenUp(number)
    store.deliveryPostponed(number, Date.now() + retryDelayMsMin * 3 ** tries)
  }

  return {
    announce(event, delaysMs) {
      if (!store.endpoint()) return
      const body = JSON.stringify(event)
      for (const delayMs of delaysMs) store.queueDelivery(body, Date.now() + delayMs)
    },
    wake,
    async close() {
      closing.abort()
      clearTimeout(timer)
      await Promise.all(underWay.values())
      await agent.destroy()
    },
  }
}

type Carrier = { agent: Agent; closing: AbortSignal }

/** Answers what went wrong, or nothing. */
async function post({ url, secret }: WebhookEndpoint, body: string, carrier: Carrier): Promise<string | undefined> {
  const signature = signWebhook(secret, body, Math.floor(Date.now() / 1000))
  try {
    const { origin, pathname, search } = new URL(url)
    const response = await carrier.agent.request({
      origin,
      path: pathname + search,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-payment-signature': signature },
      body,
      signal: AbortSignal.any([carrier.closing, AbortSignal.timeout(timeoutMs)]),
    })
    await response.body.dump()
    return response.statusCode >= 200 && response.statusCode < 300 ? undefined : `status ${response.statusCode}`
  } catch (error) {
    return String(error)
  }
}
