import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { badCursor } from './errors.ts'
import { shipmentsAfter, shipmentsInStateAfter } from './queries.ts'
import { shipmentView } from './shipment-view.ts'

type Operation = (typeof contract)['operations']['listShipments']

const limitDefault = 20

export async function listShipments(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { limit = limitDefault, cursor, state } = input
  // One more than the page tells whether there is another one.
  const wanted = { after: numberAfter(cursor), limit: limit + 1 }
  const rows =
    state === undefined
      ? await shipmentsAfter(ctx.db).execute(wanted)
      : await shipmentsInStateAfter(ctx.db).execute({ ...wanted, state })
  const items = rows.slice(0, limit).map(shipmentView)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? String(last.orderNumber) : null }
}

/** The cursor is the order number of the last shipment of the page before. */
function numberAfter(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const number = Number(cursor)
  if (!/^[1-9]\d*$/.test(cursor) || !Number.isSafeInteger(number)) throw badCursor()
  return number
}
