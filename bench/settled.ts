/** Waiting until everything that an order sets off has been done: it is paid, and reporting has counted it. */
import { setTimeout as pause } from 'node:timers/promises'
import { CURRENCY } from './shop-stock.ts'
import type { WireClient } from './wire-client.ts'

const SETTLE_MS_MAX = 60_000

/** Waits until every order has reached reporting and is paid, and sees that none is missing and none too many. */
export async function orderIsSettled(
  owner: WireClient,
  { orders: wanted, signal }: { orders: number; signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + SETTLE_MS_MAX
  const range = { from: dayFromNow(-1), to: dayFromNow(1), currency: CURRENCY }
  for (;;) {
    signal.throwIfAborted()
    const { orders, behind } = await owner.query<{ orders: number; behind: number }>('reporting.sales', range)
    const unpaid = await owner.query<{ items: unknown[] }>('orders.list', { state: 'placed', limit: 1 })
    if (behind === 0 && orders === wanted && unpaid.items.length === 0) return
    if (performance.now() > deadline || orders > wanted) {
      throw new Error(
        `Reporting shows ${orders} orders (${behind} events behind) where ${wanted} were placed; ` +
          `${unpaid.items.length === 0 ? 'none' : 'at least one'} waits to be paid.`,
      )
    }
    await pause(50)
  }
}

const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
