import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { Db } from '#platform/data/database'
import { firstBrokenOf, follow, startOfWalk, type Walk } from './chain.ts'
import type { contract } from './contract.ts'
import { sources } from './handlers.ts'
import { currentHead, recordsAfter } from './queries.ts'

const pageSize = 5000

/**
 * Follows the chain while others go on writing to it. The head is read after the records: it can only be further than
 * they were, and what was written in between is then there to be followed.
 */
export async function verifyChain(ctx: QueryCtx): Promise<AnswerOf<typeof contract.operations.verify>> {
  const behind = await Promise.all(sources.map((source) => ctx.behind(source)))
  const before = await walkOn(ctx.db, startOfWalk, Number.MAX_SAFE_INTEGER)
  const head = await currentHead(ctx.db)
  const walk = await walkOn(ctx.db, before, head.number)
  const firstBroken = firstBrokenOf(walk, head)
  return {
    entries: head.number,
    head: head.hash,
    intact: firstBroken === null,
    firstBroken,
    behind: behind.reduce((sum, events) => sum + events, 0),
  }
}

/** Follows the records up to number `last`, or to their end, a page at a time. */
async function walkOn(db: Db, start: Walk, last: number): Promise<Walk> {
  let walk = start
  while (walk.firstBroken === null && walk.reached.number < last) {
    const limit = Math.min(pageSize, last - walk.reached.number)
    const page = await recordsAfter(db).execute({ number: walk.reached.number, limit })
    if (page.length === 0) return walk
    walk = follow(walk, page)
  }
  return walk
}
