/** Races for the last units: whatever comes first, none is sold twice, and who is refused is refused for want of it. */
import type { CommandCtx } from '#platform/calls/context'
import { DomainError } from '#platform/errors'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { type Arena, openArena } from './arena.ts'
import { buyAt, fill, guest, range, stockOf } from './buyers.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const gated = ['checkout', 'inventory', 'payments', 'orders'] as const
const outOfStock = 'inventory.out_of_stock'

/** Of N carts that want a unit each one or two must go without. */
const lastUnits: Scenario = async ({ arena, chance, play }) => {
  const units = chance(1, 2)
  const wanted = units + chance(1, 2)
  const sku = await arena.stock(units)
  const purchases = await Promise.all(range(wanted).map(() => fill(arena, [{ sku, quantity: 1 }])))
  for (const [number, purchase] of purchases.entries())
    play.join(`cart ${number}`, () => buyAt(arena, { door: number }, purchase))
  return async () => {
    const refusals = range(wanted).flatMap((number) => play.reasonOf(`cart ${number}`) ?? [])
    expect(wanted - refusals.length, 'units sold').toBeLessThanOrEqual(units)
    expect(refusals).toEqual(range(wanted - units).map(() => outOfStock))
    expect(await stockOf(arena, sku)).toEqual({ onHand: units, reserved: units, held: 0 })
  }
}

/** Carts with two lines of one product, of which some are held first. */
const twinLines: Scenario = async ({ arena, chance, play }) => {
  const units = chance(2, 5)
  const sku = await arena.stock(units)
  const carts = range(chance(2, 3)).map((number) => {
    const quantities = [chance(1, 2), chance(1, 2)] as const
    return {
      name: `cart ${number}`,
      number,
      quantities,
      units: quantities[0] + quantities[1],
      holds: chance(0, 2) === 0,
    }
  })
  const linesOf = ({ quantities }: (typeof carts)[number]) => quantities.map((quantity) => ({ sku, quantity }))
  const purchases = await Promise.all(carts.map((cart) => fill(arena, linesOf(cart))))
  for (const { name, number, holds } of carts) {
    const purchase = purchases[number]!
    const { cartId, token } = purchase
    play.join(name, async () => {
      if (holds) await arena.doors[number % 2]!(guest).checkout.hold.mutate({ cartId, token })
      return buyAt(arena, { door: number }, purchase)
    })
  }
  return async () => {
    const isSold = ({ name }: { name: string }) => play.reasonOf(name) === undefined
    const sold = carts.filter(isSold).reduce((sum, cart) => sum + cart.units, 0)
    expect(await stockOf(arena, sku)).toEqual({ onHand: units, reserved: sold, held: 0 })
    for (const refused of carts.filter((cart) => !isSold(cart))) {
      expect(play.reasonOf(refused.name)).toBe(outOfStock)
      expect(refused.units, 'units wanted by a cart that was refused').toBeGreaterThan(units - sold)
    }
  }
}

test(
  'in 200 interleavings the last units go to as many carts as there are units, and the others are told so',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    await race(arena, lastUnits)
  },
)

test(
  'in 200 interleavings two lines of one product in one cart are reserved together, or not at all',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    await race(arena, twinLines)
  },
)

/** Reads what there is, and writes what it makes of it: what inventory must not do. */
function readThenWrite(arena: Arena): void {
  type Wanted = { reference: string; lines: { sku: string; quantity: number }[] }
  const handler = async (ctx: CommandCtx, { reference, lines }: Wanted) => {
    const { tx } = ctx
    const id = ctx.newId('rsv')
    await tx.execute(
      sql`insert into reservations (id, reference, state, reserved_at) values (${id}, ${reference}, 'open', now())`,
    )
    for (const { sku, quantity } of lines) {
      const { rows } = await tx.execute<{ left: string; reserved: string }>(
        sql`select on_hand - reserved as left, reserved from stock where sku = ${sku}`,
      )
      if (Number(rows[0]!.left) < quantity) throw new DomainError(outOfStock, 'CONFLICT', 'There is too little.')
      const reserved = Number(rows[0]!.reserved) + quantity
      await tx.execute(sql`update stock set reserved = ${reserved} where sku = ${sku}`)
      await tx.execute(
        sql`insert into reservation_lines (reservation_id, sku, quantity) values (${id}, ${sku}, ${quantity})`,
      )
    }
    return { reservationId: id }
  }
  arena.replace('inventory', 'reserve', () => ({ handler }))
}

test(
  'a reservation that reads and then writes is seen to sell the last unit twice',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    readThenWrite(arena)
    await expect(race(arena, lastUnits, { every: 1 })).rejects.toThrow(/^units sold: expected \d/)
  },
)
