import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { stockLevels } from './queries.ts'

type Operation = (typeof contract)['operations']['levels']
type Level = AnswerOf<Operation>['levels'][number]

/** In the order of their SKU, each once, however often it was asked for. */
export async function listLevels(ctx: QueryCtx, { skus }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const levels = new Map<string, Level>()
  for (const { sku, ...here } of await stockLevels(ctx.db).execute({ skus })) {
    const { onHand, reserved, held, locations } = levels.get(sku) ?? nothingOf(sku)
    const all = { onHand: onHand + here.onHand, reserved: reserved + here.reserved, held: held + here.held }
    const available = all.onHand - all.reserved - all.held
    levels.set(sku, { sku, ...all, available, locations: [...locations, here] })
  }
  return { levels: [...levels.values()] }
}

const nothingOf = (sku: string): Level => ({ sku, onHand: 0, reserved: 0, held: 0, available: 0, locations: [] })
