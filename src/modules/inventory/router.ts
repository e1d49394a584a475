import { implement } from '#platform/calls/implement'
import { commitStock } from './commit-stock.ts'
import { contract } from './contract.ts'
import { listLevels } from './list-levels.ts'
import { receiveStock } from './receive-stock.ts'
import { releaseStock } from './release-stock.ts'
import { reserveStock } from './reserve-stock.ts'

export const router = implement(contract, {
  receive: receiveStock,
  reserve: reserveStock,
  release: releaseStock,
  commit: commitStock,
  levels: listLevels,
})
