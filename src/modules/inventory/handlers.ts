/**
 * What becomes of an order becomes of its reservation. By jobs, which are done together: a batch of events is one
 * transaction, and would lock stock in the order of its events, in a circle with others.
 */
import { shipped } from '#modules/fulfilment'
import { orderCancelled } from '#modules/orders'
import { on } from '#platform/events/event'
import { handleJobs } from '#platform/events/job'
import { closeAll } from './reservations/close-stock.ts'
import { commitStock, freeStock } from './jobs.ts'

export const listeners = [
  on(shipped, async (ctx, { reference }) => ctx.enqueue(commitStock, { reference })),
  on(orderCancelled, async (ctx, { reference }) => ctx.enqueue(freeStock, { reference })),
]

export const jobs = [handleJobs(commitStock, closeAll('committed')), handleJobs(freeStock, closeAll('released'))]
