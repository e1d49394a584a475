import type { JobCtx } from '#platform/calls/context'
import { type JobItem, Unrecoverable } from '#platform/events/job'
import { commitReservations, type Ending, releaseReservations, reservationStates } from './closing-queries.ts'

const closing = { committed: commitReservations, released: releaseReservations }

/** Ends the reservations of these orders, all by one statement. An order without one had nothing in stock. */
export const closeAll =
  (as: Ending) =>
  async (ctx: JobCtx, items: readonly JobItem<{ reference: string }>[]): Promise<void> => {
    const references = [...new Set(items.map(({ payload }) => payload.reference))]
    await ctx.transaction(async ({ tx }) => {
      const ended = await closing[as](tx).execute({ references, at: ctx.now() })
      if (ended.length === references.length) return
      const states = await reservationStates(tx).execute({ references })
      const wrong = states.find(({ state }) => state !== as)
      // Orders decides between the two, so that never both happen: a person must see what else there is.
      if (wrong) throw new Unrecoverable(`The stock for ${wrong.reference} is ${wrong.state} and cannot be ${as}.`)
    })
  }
