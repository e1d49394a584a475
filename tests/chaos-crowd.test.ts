/** The chaos among customers who keep stock, buy, cancel and return, while staff sends their parcels. */
import { expect, test } from 'vitest'
import { atInstants, chaosMsMax, drawInstants, tellOnFailure } from './processes/chaos.ts'
import { comeAndGo, expectTheCrowdsBooks } from './processes/customers.ts'
import { openDoor } from './processes/door.ts'
import type { Program } from './processes/program.ts'
import { openWorld } from './processes/world.ts'

// About 230 answers: more than the last instant awaits.
const crowd = { size: 40, concurrency: 6 }

test(
  'a hall whose orders and parcels are killed in turn keeps and gives back what it must',
  { timeout: chaosMsMax },
  async () => {
    await using world = await openWorld({ outside: ['orders', 'fulfilment'] })
    await using door = await openDoor()
    const { instants } = drawInstants(4, 6)
    const starting = [world.startOutside('orders'), world.startOutside('fulfilment')]
    const hall = await world.startHall()
    const outside = { orders: await starting[0]!, fulfilment: await starting[1]! }
    const programs: Program[] = [hall, outside.orders, outside.fulfilment]
    tellOnFailure(programs)
    door.leadTo(hall.url)
    const chaos = atInstants(door, instants, async (index) => {
      const module = index % 2 === 0 ? 'orders' : 'fulfilment'
      await outside[module].kill()
      outside[module] = await world.startOutside(module)
      programs.push(outside[module])
    })
    const [ends] = await Promise.all([comeAndGo(world, door.url, crowd), chaos])
    expect(programs).toHaveLength(instants.length + 3)
    await expectTheCrowdsBooks(world, ends, crowd)
  },
)
