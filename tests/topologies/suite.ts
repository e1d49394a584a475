/**
 * What any hall does, whatever its topology: asked over its public face alone, by stock tRPC clients. It takes the address of
 * an empty hall and its owner's key, and sells there.
 */
import { beforeAll } from 'vitest'
import { testBrowsing } from './browsing.ts'
import { testBuying } from './buying.ts'
import { testPermissions } from './permissions.ts'
import { testRecords } from './records.ts'
import { testRepeating } from './repeating.ts'
import { type Face, openShop, type Shop } from './shop.ts'

/** Registers the tests. `open` is asked for the hall once, before the first of them. */
export function testHall(open: () => Promise<Face>): void {
  let opened: Shop
  beforeAll(async () => {
    opened = await openShop(await open())
  })
  const shop = () => opened
  testBrowsing(shop)
  testBuying(shop)
  testRepeating(shop)
  testPermissions(shop)
  testRecords(shop)
}
