/** A trade that is killed with kill -9, and its hall with it, once also while that starts: the books end as if nothing had been. */
import { expect, test } from 'vitest'
import { atInstants, chaosMsMax, drawInstants, expectTheBooks, tellOnFailure } from './processes/chaos.ts'
import { openDoor } from './processes/door.ts'
import { fixture, outcomeOf, startTool, totals } from './processes/trading.ts'
import { openWorld } from './processes/world.ts'

test(
  'a trade that is killed, now alone and now with the hall, ends the same when it is run again',
  { timeout: chaosMsMax },
  async () => {
    await using world = await openWorld()
    await using door = await openDoor()
    const { instants, chance } = drawInstants(3, 1)
    let hall = await world.startHall()
    door.leadTo(hall.url)
    const startTrade = () => startTool(world, ['trade', fixture, '--url', door.url, '--json'])
    let tool = startTrade()
    await atInstants(door, instants, async (index) => {
      await tool.kill()
      if (index === 1) {
        door.leadTo(undefined)
        await hall.kill()
        await world.killStartingHall(chance(100, 1200))
        hall = await world.startHall()
        door.leadTo(hall.url)
      }
      tool = startTrade()
    })
    tellOnFailure([hall, tool])
    expect(await tool.ended).toEqual({ code: 0, signal: null })
    expect(outcomeOf(tool.out)).toMatchObject(totals)
    await expectTheBooks(world)
  },
)
