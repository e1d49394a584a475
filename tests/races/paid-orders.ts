/** Orders that are paid, made many at a time. */
import type { Arena } from './arena.ts'
import { buyAt, type Bought, fill, range } from './buyers.ts'

export type PaidOrder = Bought & { sku: string }

const madeTogether = 40

/** Gives one order after the other: of two units, for 590p, paid, and waiting to be sent. */
export function paidOrders(arena: Arena): () => Promise<PaidOrder> {
  const left: PaidOrder[] = []
  return async () => {
    if (left.length === 0) {
      const buy = async (): Promise<PaidOrder> => {
        const sku = await arena.stock(2)
        return { ...(await buyAt(arena, { door: 0 }, await fill(arena, [{ sku, quantity: 2 }]))), sku }
      }
      for (const _ of range(madeTogether)) left.push(await buy())
      await arena.finish()
    }
    return left.shift()!
  }
}
