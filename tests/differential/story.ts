/**
 * Sequences that reach every operation with success, and every reason that can be reached without an outage.
 * Each builds on what the earlier ones left.
 */
import type { Lockstep } from './lockstep.ts'
import { askWhatWasDone, keepOrders, stopAtTheDoor, takePayments } from './story/aftermath.ts'
import { keepKeys, moveStock, stockTheHall } from './story/goods.ts'
import { buyCarts, fillCarts } from './story/purchases.ts'

const chapters = [
  stockTheHall,
  keepKeys,
  moveStock,
  fillCarts,
  buyCarts,
  keepOrders,
  takePayments,
  askWhatWasDone,
  stopAtTheDoor,
]

export async function tellStory(halls: Lockstep): Promise<void> {
  for (const chapter of chapters) await chapter(halls)
}
