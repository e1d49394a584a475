import type { Db } from '#platform/data/database'
import { outOfStock } from './errors.ts'
import { freeExpiredHolds } from './taking-queries.ts'

/**
 * Takes stock by a statement that takes all or nothing. Where it comes short it is asked once more without what expired
 * holds keep; where that is too little the refusal takes the transaction back.
 */
export async function takeAll<Row extends { missing: string[] }>(
  tx: Db,
  { skus, take }: { skus: string[]; take(): Promise<Row[]> },
): Promise<Row> {
  const [first] = await take()
  if (first!.missing.length === 0) return first!
  const [room] = await freeExpiredHolds(tx).execute({ skus })
  const [row] = room!.freed ? await take() : [first]
  if (row!.missing.length > 0) throw outOfStock(row!.missing)
  return row!
}
