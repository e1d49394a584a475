/**
 * Orders while workers work beside the hall, and while they are stopped: accepting them is to cost nothing; and how fast what
 * has gathered in the meantime is then worked off, until every order is paid and counted.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removePostgres } from '#platform/data/embedded-postgres'
import { startHallChild, startWorkerChild } from '../hall-child.ts'
import { runLoad } from '../load.ts'
import { orderIsSettled } from '../settled.ts'
import { CONNECTIONS, type ShopOptions } from '../shop-options.ts'
import { buy, fillShop } from '../shop-stock.ts'
import { createWireClient } from '../wire-client.ts'

export type OrderFigures = {
  /** With workers beside the hall, and with none. */
  workedPerSecond: number
  acceptedPerSecond: number
  /** How many of those that were accepted without workers a worker has paid and counted per second, once it is there. */
  drainPerSecond: number
}

const WARM_UP_SECONDS = 3

/** Measures a hall of its own, and leaves nothing behind. */
export async function measureOrders(options: ShopOptions): Promise<OrderFigures> {
  const { progress, seconds, signal } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-bench-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  try {
    progress('Opening a hall that leaves its queues to others, and filling it.')
    await using hall = await startHallChild({ dataDir, settings: { WORKERS: 'off' } })
    await using owner = createWireClient(hall.url, { connections: 2, apiKey: await hall.ownerKey() })
    await using guests = createWireClient(hall.url, { connections: CONNECTIONS })
    await fillShop(owner)
    let bought = 0
    const work = async () => {
      bought += 1
      return (await buy(guests, bought)).totalMs
    }
    const rate = async (lasting: number) =>
      (await runLoad({ customers: CONNECTIONS, seconds: lasting, signal, work })).perSecond
    const settled = () => orderIsSettled(owner, { orders: bought, signal })
    progress('Measuring orders with a worker beside it.')
    const workedPerSecond = await whileWorked(dataDir, async () => {
      await rate(WARM_UP_SECONDS)
      const worked = await rate(seconds)
      await settled()
      return worked
    })
    progress('Measuring orders while nobody works, and what has gathered then.')
    const before = bought
    const acceptedPerSecond = await rate(seconds)
    const drainPerSecond = await whileWorked(dataDir, async () => {
      const begun = performance.now()
      await settled()
      return ((bought - before) / (performance.now() - begun)) * 1000
    })
    return { workedPerSecond, acceptedPerSecond, drainPerSecond }
  } finally {
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function whileWorked<Result>(dataDir: string, work: () => Promise<Result>): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  stack.use(await startWorkerChild({ dataDir }))
  return await work()
}
