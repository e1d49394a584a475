/** Races for one cart: changed by several at once, and bought more than once. */
import { expect, test } from 'vitest'
import { pence } from '../shop.ts'
import { type Arena, openArena } from './arena.ts'
import { buyAt, boughtBy, fill, guest, ordersOf, paymentsOf, type Purchase, range, stockOf } from './buyers.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const gated = ['checkout', 'inventory', 'payments', 'orders'] as const

type Lines = { sku: string; quantity: number }[]
const sorted = (lines: Lines): string[] => lines.map(({ sku, quantity }) => `${sku} ${quantity}`).sort()

/** The cart as its tables say: its state, its count of lines, and the lines, in their order. */
async function cartOf({ sql }: Arena, { cartId }: Purchase) {
  const [cart] = await sql(`select state, line_count::int as "lineCount" from checkout.carts where id = $1`, [cartId])
  const lines = await sql<{ line_id: string; sku: string; quantity: number; position: number }>(
    `select line_id, sku, quantity::int, position::int from checkout.cart_lines where cart_id = $1 order by position`,
    [cartId],
  )
  return { ...(cart as { state: string; lineCount: number }), lines }
}

const linesOfOrders = ({ sql }: Arena, orders: readonly { id: string }[]) =>
  sql<Lines[number]>(`select sku, quantity::int from orders.order_lines where order_id = any($1)`, [
    orders.map(({ id }) => id),
  ])

/** What a change of the cart adds to it, or takes out. */
type Change = { name: string; adds: Lines; removes: Lines; ask(): Promise<unknown> }

async function changesOf(arena: Arena, cart: Purchase, skus: { first: string; other: string }): Promise<Change[]> {
  const { cartId, token } = cart
  const key = { cartId, token }
  const at = (door: 0 | 1) => arena.doors[door](guest).checkout
  const { lines } = await cartOf(arena, cart)
  const adding = (name: string, door: 0 | 1, added: Lines): Change => ({
    name,
    adds: added,
    removes: [],
    ask: () => at(door).addLines.mutate({ ...key, lines: added }),
  })
  return [
    adding('adds', 0, [{ sku: skus.other, quantity: 1 }]),
    adding('adds too', 1, [{ sku: skus.first, quantity: 2 }]),
    {
      name: 'removes',
      adds: [],
      removes: [lines[0]!],
      ask: () => at(1).removeLines.mutate({ ...key, lineIds: [lines[0]!.line_id] }),
    },
    {
      name: 'moves',
      adds: [],
      removes: [],
      ask: () => at(0).setAddress.mutate({ ...key, address: { country: 'GB', city: 'York' } }),
    },
    { name: 'holds', adds: [], removes: [], ask: () => at(1).hold.mutate(key) },
  ]
}

/** One cart is added to, taken from, moved, held and bought at once. */
const parallelChanges: Scenario = async ({ arena, chance, play }) => {
  const [first, other] = [await arena.stock(9), await arena.stock(9)]
  const before = [
    { sku: first, quantity: 1 },
    { sku: other, quantity: 1 },
  ]
  const cart = await fill(arena, before)
  const changes = (await changesOf(arena, cart, { first, other })).filter(() => chance(0, 3) > 0)
  for (const { name, ask } of changes) play.join(name, ask)
  play.join('buys', () => buyAt(arena, { door: 0 }, cart))
  // Of one who has seen the cart with what is added, and without.
  play.join('buys more', () => buyAt(arena, { door: 1 }, { ...cart, expectedTotal: pence(3 * 295) }))
  return async () => {
    const made = changes.filter(({ name }) => play.reasonOf(name) === undefined)
    const { state, lineCount, lines } = await cartOf(arena, cart)
    const added = made.flatMap(({ adds }) => adds)
    const removed = made.flatMap(({ removes }) => removes).map(({ sku }) => sku)
    // Each change that was answered is there, once, and none that was refused.
    expect(sorted(lines)).toEqual(sorted([...before.filter(({ sku }) => !removed.includes(sku)), ...added]))
    expect(lineCount).toBe(lines.length)
    expect(new Set(lines.map(({ position }) => position)).size).toBe(lines.length)
    const orders = await ordersOf(arena, cart)
    expect(orders).toHaveLength(['buys', 'buys more'].filter((name) => play.reasonOf(name) === undefined).length)
    expect(orders.length).toBeLessThanOrEqual(1)
    expect(state).toBe(orders.length === 1 ? 'completed' : 'open')
    // What was bought is what stands in the cart for ever.
    if (orders.length === 1) expect(sorted(await linesOfOrders(arena, orders))).toEqual(sorted(lines))
    const names = ['buys', 'buys more', ...changes.map(({ name }) => name)]
    const known = ['checkout.cart_closed', 'checkout.price_changed', 'platform.unavailable', undefined]
    for (const name of names) expect(known).toContain(play.reasonOf(name))
  }
}

test(
  'in 200 interleavings of changes of one cart each that was answered is there once, and what was bought is what is there',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    await race(arena, parallelChanges)
  },
)

/** Two or three clicks by two doors: with one key, with others, or without; some cards are declined, some answers lost. */
const clicks: Scenario = async ({ arena, chance, play, seed }) => {
  const sku = await arena.stock(9)
  const cart = await fill(arena, [{ sku, quantity: 1 }])
  const clicked = range(chance(2, 3)).map((number) => {
    const keys = [`same-${seed}`, `same-${seed}`, `own-${seed}-${number}`, undefined]
    const source = chance(0, 5) === 0 ? 'card_declined' : 'card_ok'
    return { name: `click ${number}`, number, key: keys[chance(0, 3)], source, isDeaf: chance(0, 7) === 0 }
  })
  for (const { name, number, key, source, isDeaf } of clicked)
    play.join(name, () => buyAt(arena, { door: number, key }, { ...cart, payment: { source } }), { isDeaf })
  return async () => {
    const orders = await ordersOf(arena, cart)
    expect(orders.length).toBeLessThanOrEqual(1)
    const isPlain = clicked.every(({ source, isDeaf }) => source === 'card_ok' && !isDeaf)
    if (isPlain) expect(orders).toMatchObject([{ state: 'paid', gross: 295, captured: 295, refunded: 0 }])
    for (const { name, key } of clicked) {
      const answer = boughtBy(play, name)
      if (answer === undefined) continue
      expect(answer.orderId).toBe(orders[0]?.id)
      // Nobody was refused under the key that was answered, where none had a reason of his own.
      const twins = clicked.filter((each) => key !== undefined && each.key === key)
      if (isPlain) expect(twins.map((each) => play.answerOf(each.name))).toEqual(twins.map(() => answer))
    }
    const allowed = ['checkout.cart_closed', 'checkout.price_changed', 'checkout.payment_declined']
    const refusals = clicked.flatMap(({ name }) => play.reasonOf(name) ?? [])
    const strange = [...allowed, 'payments.provider_unavailable', 'platform.key_reused']
    expect(refusals.filter((reason) => !strange.includes(reason))).toEqual([])
    const charged = (await paymentsOf(arena, cart)).filter(({ authorised, voided }) => authorised > voided)
    expect(charged).toHaveLength(orders.length)
    expect(await stockOf(arena, sku)).toEqual({ onHand: 9, reserved: orders.length, held: 0 })
    // Whatever came between, the cart can still be bought, once.
    const last = buyAt(arena, { door: 0, key: `last-${seed}` }, cart).then(
      () => 'bought',
      (error: { data: { reason: string } }) => error.data.reason,
    )
    expect(await last).toBe(orders.length === 0 ? 'bought' : 'checkout.cart_closed')
  }
}

test(
  'in 200 interleavings of clicks with the same key and with others a cart becomes one order, with one answer per key',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    await race(arena, clicks)
  },
)
