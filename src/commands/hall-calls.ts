import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client'
import type { HallRouter } from '../contracts.ts'

/** One call may take this long before it counts as unanswered; a hall that went silent is noticed by it. */
const CALL_MS_MAX = 30_000

/** The hall's operations as a stock tRPC client shows them. */
export type HallCalls = TRPCClient<HallRouter>

/** The option of a mutation that carries its idempotency key. */
export const keyed = (idempotencyKey: string) => ({ context: { idempotencyKey } })

/** A stock tRPC client of the hall at `url`, signed in with an API key, or a guest's. A mutation's idempotency key travels as a header. */
export function createHallCalls(url: string, apiKey: string | undefined): HallCalls {
  return createTRPCClient<HallRouter>({
    links: [
      httpLink({
        url: `${url}/trpc`,
        headers: ({ op }) => ({
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
          ...(typeof op.context['idempotencyKey'] === 'string' && { 'idempotency-key': op.context['idempotencyKey'] }),
        }),
        fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(CALL_MS_MAX) }),
      }),
    ],
  })
}
