/**
 * Takes in what the provider has to say: one event, or several that it had to tell at once.
 *
 * A webhook is a hint, never a booking: all it can make us do is to ask the provider about an attempt. So its age is not
 * checked (a replay is known by its event's id), and one that tells what is known, or is just being asked, costs nothing.
 */
import type { CommandCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { text } from '#platform/values'
import { z } from 'zod'
import type { contract } from './contract.ts'
import { badSignature, badWebhook } from './errors.ts'
import { resolveAttempt } from './jobs.ts'
import { webhookIsGenuine } from './provider.ts'
import { awaitedAttempts, keepWebhookEvents } from './queries.ts'
import type { RememberingProvider } from './remember-answers.ts'

type Input = InputOf<(typeof contract)['operations']['receiveWebhook']>

const eventsMax = 200
/** The part of an event that we read; the provider may add to it. */
const webhookEvent = z.object({ id: text({ max: 200 }), type: text({ max: 100 }), key: text({ max: 200 }) })
const webhookBody = z.union([z.object({ events: z.array(webhookEvent).max(eventsMax) }), webhookEvent])
type WebhookEvent = z.infer<typeof webhookEvent>

/** `secret` signs the provider's webhooks. */
export const receiveWebhook =
  ({ secret, provider }: { secret: string; provider: RememberingProvider }) =>
  async (ctx: CommandCtx, { body, signature }: Input): Promise<{ accepted: boolean }> => {
    if (!webhookIsGenuine(secret, body, signature)) throw badSignature()
    const news = eventsOf(body).filter(({ key }) => !provider.needsNoWebhook(key))
    if (news.length > 0) await takeIn(ctx, news)
    return { accepted: true }
  }

async function takeIn(ctx: CommandCtx, told: WebhookEvent[]): Promise<void> {
  const known = await awaitedAttempts(ctx.tx).execute({ ids: [...new Set(told.map(({ key }) => key))] })
  const stateOf = new Map(known.map(({ id, ...state }) => [id, state]))
  const events = told.filter(({ key }) => stateOf.get(key)?.resolved !== true)
  if (events.length === 0) return
  const kept = await keepWebhookEvents(ctx.tx).execute({ events: JSON.stringify(events), at: ctx.now() })
  const overdue = kept.filter(({ attemptId }) => stateOf.get(attemptId)?.overdue)
  for (const attemptId of new Set(overdue.map((event) => event.attemptId))) ctx.enqueue(resolveAttempt, { attemptId })
}

function eventsOf(body: string): WebhookEvent[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw badWebhook()
  }
  const read = webhookBody.safeParse(parsed)
  if (!read.success) throw badWebhook()
  return 'events' in read.data ? read.data.events : [read.data]
}
