/**
 * Takes in what the provider has to say.
 *
 * A webhook is a hint, never a booking: all it can make us do is to ask the provider about an attempt. So its age is not
 * checked (a replay is known by its event's id), and one that comes while the answer itself is still awaited is only kept.
 */
import type { CommandCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { text } from '#platform/values'
import { z } from 'zod'
import type { contract } from './contract.ts'
import { badSignature, badWebhook } from './errors.ts'
import { resolveAttempt } from './jobs.ts'
import { webhookIsGenuine } from './provider.ts'
import { keepWebhookEvent, overdueAttempt } from './queries.ts'

type Input = InputOf<(typeof contract)['operations']['receiveWebhook']>

/** The part of an event that we read; the provider may add to it. */
const webhookEvent = z.object({ id: text({ max: 200 }), type: text({ max: 100 }), key: text({ max: 200 }) })

/** `secret` signs the provider's webhooks. */
export const receiveWebhook =
  (secret: string) =>
  async (ctx: CommandCtx, { body, signature }: Input): Promise<{ accepted: boolean }> => {
    if (!webhookIsGenuine(secret, body, signature)) throw badSignature()
    const { id, type, key: attemptId } = eventOf(body)
    const [kept, overdue] = await Promise.all([
      keepWebhookEvent(ctx.tx).execute({ id, type, attemptId, at: ctx.now() }),
      overdueAttempt(ctx.tx).execute({ attemptId }),
    ])
    if (kept.length > 0 && overdue.length > 0) ctx.enqueue(resolveAttempt, { attemptId })
    return { accepted: true }
  }

function eventOf(body: string): z.infer<typeof webhookEvent> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw badWebhook()
  }
  const event = webhookEvent.safeParse(parsed)
  if (!event.success) throw badWebhook()
  return event.data
}
