/**
 * Sequences that reach every operation with success, and every reason that can be reached without an outage.
 * Each builds on what the earlier ones left.
 */
import type { Lockstep } from './lockstep.ts'
import { holdAndBuy, mergeCarts, offerShipping } from './story/customers.ts'
import { stopAtTheDoor } from './story/door.ts'
import { changeGoods, sellGoods, showGoods, taxGoods } from './story/goods.ts'
import { operateModules, rebuildFigures } from './story/operators.ts'
import { cancelOrders, keepOrders, sendOrders } from './story/orders.ts'
import { compareBooks, hearTheProvider, takePayments } from './story/payments.ts'
import { giveRoles, keepKeys, openSessions } from './story/people.ts'
import { buyCarts, failToBuy, fillCarts, quoteCarts } from './story/purchases.ts'
import { askWhatWasDone } from './story/records.ts'
import { holdStock, promiseStock, receiveStock } from './story/stock.ts'

const chapters = [
  keepKeys,
  openSessions,
  giveRoles,
  sellGoods,
  changeGoods,
  showGoods,
  taxGoods,
  receiveStock,
  promiseStock,
  holdStock,
  fillCarts,
  quoteCarts,
  buyCarts,
  failToBuy,
  offerShipping,
  mergeCarts,
  holdAndBuy,
  keepOrders,
  sendOrders,
  cancelOrders,
  takePayments,
  hearTheProvider,
  compareBooks,
  askWhatWasDone,
  operateModules,
  rebuildFigures,
  stopAtTheDoor,
]

/** After so many chapters all rows are compared: what differs is told near where it began. */
const rowsEvery = 6

export async function tellStory(halls: Lockstep): Promise<void> {
  for (const [index, chapter] of chapters.entries()) {
    await chapter(halls)
    if (index % rowsEvery === rowsEvery - 1) await halls.compareRows()
  }
}
