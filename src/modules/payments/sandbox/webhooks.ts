/**
 * Delivers webhooks at least once, from a queue that survives a restart. Deliveries run beside the requests and never
 * disturb them. An event that happens while no endpoint is registered is not kept.
 *
 * A request costs both sides far more than the few bytes that it carries, so events gather for a moment and go together.
 */
import { Agent } from 'undici'
import { signWebhook } from '../provider.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Delivery, Store } from './store.ts'
import type { WebhookEndpoint, WebhookEvent } from './wire.ts'

const parallelMax = 2
const togetherMax = 50
const gatherMs = 50
const triesMax = 7
const retryDelayMsMin = 100
const timeoutMs = 5_000

export type SandboxLog = (message: string, details: Record<string, unknown>) => void
export type WebhookSender = {
  /** To be called inside a transaction: the event is queued if what caused it is committed. */
  announce(event: WebhookEvent, delaysMs: readonly number[]): void
  /** Delivers what is due, after a moment. */
  wake(): void
  close(): Promise<void>
}

export function createWebhookSender(parts: { store: Store; commits: GroupCommit; log: SandboxLog }): WebhookSender {
  const { store, commits, log } = parts
  const agent = new Agent({ connections: parallelMax })
  const closing = new AbortController()
  const posts = new Set<Promise<void>>()
  const underWay = new Set<number>()
  let endpoint = store.endpoint()
  let timer: NodeJS.Timeout | undefined
  let timerAtMs = Infinity

  /** Looks again in a while; an earlier look that is planned stays. */
  function lookIn(delayMs: number): void {
    const atMs = Date.now() + delayMs
    if (closing.signal.aborted || atMs >= timerAtMs) return
    clearTimeout(timer)
    timerAtMs = atMs
    timer = setTimeout(deliver, delayMs)
  }

  function deliver(): void {
    timerAtMs = Infinity
    endpoint = store.endpoint()
    if (!endpoint || posts.size >= parallelMax) return // Whichever ends first wakes us again.
    const nowMs = Date.now()
    const due = store
      .dueDeliveries(nowMs, togetherMax * (parallelMax + 1))
      .filter(({ number }) => !underWay.has(number))
    for (let from = 0; from < due.length && posts.size < parallelMax; from += togetherMax) {
      const carried = carry(endpoint, due.slice(from, from + togetherMax)).finally(() => posts.delete(carried))
      posts.add(carried)
    }
    const nextDueMs = store.nextDueAfter(nowMs)
    if (nextDueMs !== null) lookIn(nextDueMs - nowMs)
  }

  async function carry(to: WebhookEndpoint, deliveries: readonly Delivery[]): Promise<void> {
    for (const { number } of deliveries) underWay.add(number)
    const body = `{"events":[${deliveries.map((each) => each.body).join(',')}]}`
    const failure = await post(to, body, { agent, closing: closing.signal })
    // What closing cut off is not a try: the next start delivers it.
    if (closing.signal.aborted) return
    try {
      await commits.run(() => deliveries.forEach((delivery) => note(parts, delivery, failure)))
    } catch (error) {
      log('webhook result not recorded', { deliveries: deliveries.length, error: String(error) })
    }
    for (const { number } of deliveries) underWay.delete(number)
    lookIn(gatherMs)
  }

  return {
    announce(event, delaysMs) {
      endpoint ??= store.endpoint()
      if (!endpoint) return
      const body = JSON.stringify(event)
      for (const delayMs of delaysMs) store.queueDelivery(body, Date.now() + delayMs)
    },
    wake: () => lookIn(gatherMs),
    async close() {
      closing.abort()
      clearTimeout(timer)
      await Promise.all(posts)
      await agent.destroy()
    },
  }
}

/** Writes down what became of a try. */
function note(
  { store, log }: { store: Store; log: SandboxLog },
  { number, tries }: Delivery,
  failure: string | undefined,
): void {
  if (failure === undefined) {
    store.deliveryDone(number)
    return
  }
  log('webhook failed', { delivery: number, tries: tries + 1, failure })
  if (tries + 1 >= triesMax) store.deliveryGivenUp(number)
  else store.deliveryPostponed(number, Date.now() + retryDelayMsMin * 3 ** tries)
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
