import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { endHold } from './holds/end-hold.ts'
import { holdStock } from './holds/hold-stock.ts'
import { listLevels } from './list-levels.ts'
import { listLocations } from './list-locations.ts'
import { receiveStock } from './receive-stock.ts'
import { releaseStock } from './reservations/release-stock.ts'
import { reserveStock } from './reservations/reserve-stock.ts'
import { saveLocation } from './save-location.ts'

export const router = implement(contract, {
  saveLocation,
  listLocations,
  receive: receiveStock,
  hold: holdStock,
  endHold,
  reserve: reserveStock,
  release: releaseStock,
  levels: listLevels,
})
