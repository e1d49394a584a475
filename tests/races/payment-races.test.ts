/** Races with the payment provider, whose answers come late, by another way, or not at all. */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Arena, openArena } from './arena.ts'
import { buyAt, boughtBy, fill, guest, ordersOf, paymentsOf, type Purchase } from './buyers.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const gated = ['checkout', 'inventory', 'payments', 'orders'] as const
const asking = 'asks the provider: authorise'
const hearing = 'hears of the provider: authorise'

/** A cart that is held is being paid while its hold runs out, and somebody else wants the same units. */
const expiredHold: Scenario = async ({ arena, chance, play }) => {
  const sku = await arena.stock(2)
  const held = await fill(arena, [{ sku, quantity: 2 }])
  const { cartId, token } = held
  await arena.hall.as(guest).checkout.hold.mutate({ cartId, token })
  const other = await fill(arena, [{ sku, quantity: chance(1, 2) }])
  const expire = `update inventory.holds set expires_at = clock_timestamp() - interval '1 second' where reference = $1`
  const [isDeaf, isLate] = [chance(0, 3) === 0, chance(0, 1) === 0]
  const when = () => !isLate || play.hasDone('holder', asking)
  play.join('holder', () => buyAt(arena, { door: 0 }, held), { isDeaf })
  play.join('time', () => arena.sql(expire, [cartId]), { when })
  play.join('rival', () => buyAt(arena, { door: 1 }, other))
  if (chance(0, 1) === 0) play.join('sweep', () => arena.runSchedule('inventory', 'sweep holds'))
  return async () => {
    const bought = { holder: await ordersOf(arena, held), rival: await ordersOf(arena, other) }
    const sold = bought.holder.length + bought.rival.length
    // Who heard nothing of his payment got nothing, and may still have kept the other one off.
    if (isDeaf) expect(sold).toBeLessThanOrEqual(1)
    else expect(sold).toBe(1)
    for (const [name, cart] of [
      ['holder', held],
      ['rival', other],
    ] as const) {
      const reason = play.reasonOf(name)
      expect(bought[name]).toHaveLength(reason === undefined ? 1 : 0)
      expect(['inventory.out_of_stock', 'payments.provider_unavailable', undefined]).toContain(reason)
      // Who got nothing has paid nothing, and nothing of his is kept waiting.
      const kept = (await paymentsOf(arena, cart)).map(({ authorised, voided }) => authorised - voided)
      expect(kept.filter((minor) => minor > 0)).toHaveLength(bought[name].length)
    }
  }
}

test(
  'in 200 interleavings a payment that succeeds after the hold of its cart has expired buys what it reserved, or costs nothing',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    const seen = await race(arena, expiredHold)
    const whilePaying = (trace: string) => {
      const [asked, expired, heard] = [`holder: ${asking}`, 'time: begins', `holder: ${hearing}`].map((step) =>
        trace.indexOf(step),
      )
      return asked! >= 0 && asked! < expired! && expired! < heard!
    }
    expect([...seen].filter(whilePaying).length).toBeGreaterThan(5)
  },
)

/** What the provider tells of an attempt, signed as it signs. */
function letterAbout(key: string) {
  const body = JSON.stringify({ events: [{ id: `evt-${key}`, type: 'authorise.succeeded', key }] })
  const mac = createHmac('sha256', 'whsec_of_the_test').update(`1000.${body}`).digest('hex')
  return { body, signature: `t=1000,v1=${mac}` }
}

/** The attempts of a cart's payment that have no result, by now so old that somebody asks about them. */
const overdueAttempts = ({ sql }: Arena, { cartId }: Purchase) =>
  sql<{ id: string }>(
    `update payments.attempts a set recorded_at = a.recorded_at - interval '1 minute', due_at = a.due_at - interval '1 minute'
     from payments.payments p join checkout.sagas s on s.id = p.reference
     where a.payment_id = p.id and a.status is null and s.input->>'cartId' = $1 returning a.id`,
    [cartId],
  )

const refusals = [
  'died',
  'checkout.cart_closed',
  'checkout.price_changed',
  'payments.provider_unavailable',
  'platform.in_progress',
  'platform.undone',
]

/** In every third play who serves the browser dies. */
const someDie = (seed: number) => (seed % 3 === 0 ? { party: 'browser', after: 8 + (seed % 11) } : undefined)

/** A browser completes its purchase, once or again, while the provider tells of the payment by letter, and sweeps ask. */
const letters: Scenario = async ({ arena, chance, play, seed }) => {
  await arena.finish()
  const sku = await arena.stock(1)
  const cart = await fill(arena, [{ sku, quantity: 1 }])
  const isDeaf = chance(0, 3) === 0
  const dies = someDie(seed) !== undefined
  const isAsked = () => play.hasDone('browser', asking)
  const write = (door: 0 | 1) => async () => {
    for (const { id } of await overdueAttempts(arena, cart))
      for (const letter of [letterAbout(id), letterAbout(id)])
        await arena.doors[door](guest).payments.receiveWebhook.mutate(letter)
  }
  play.join('browser', () => buyAt(arena, { door: 0, key: `key-${seed}` }, cart), { isDeaf })
  if (chance(0, 1) === 0) play.join('again', () => buyAt(arena, { door: chance(0, 1), key: `key-${seed}` }, cart))
  play.join('letter', write(1), { when: isAsked })
  play.join('late letter', write(chance(0, 1) === 0 ? 0 : 1), { when: () => play.hasEnded('letter') })
  play.join('worker', () => arena.work(), { when: () => play.hasEnded('letter') })
  play.join('sweep', () => arena.runSchedule('payments', 'resolve attempts'), { when: isAsked })
  if (dies) play.join('time', () => arena.letTimePass(), { when: () => play.hasEnded('browser') })
  if (dies) play.join('next', () => arena.resumeSagas('checkout'), { when: () => play.hasEnded('time') })
  return async () => {
    const orders = await ordersOf(arena, cart)
    const answers = ['browser', 'again'].flatMap((name) => boughtBy(play, name)?.orderId ?? [])
    expect(orders.length).toBeLessThanOrEqual(1)
    expect([...new Set(answers)]).toEqual(answers.length === 0 ? [] : orders.map(({ id }) => id))
    for (const reason of ['browser', 'again'].flatMap((name) => play.reasonOf(name) ?? []))
      expect(refusals).toContain(reason)
    if (!isDeaf && !dies) expect(answers.length).toBeGreaterThan(0)
    for (const order of orders) expect(order).toMatchObject({ state: 'paid', captured: 295, refunded: 0 })
    const payments = await paymentsOf(arena, cart)
    expect(payments.filter(({ captured }) => captured > 0)).toHaveLength(orders.length)
    expect(payments.filter(({ authorised, voided, captured }) => authorised !== voided + captured)).toEqual([])
  }
}

test(
  'in 200 interleavings of webhooks, sweeps and a browser that completes there is one order, charged once',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    const seen = await race(arena, letters, { death: someDie })
    // In many of them somebody asked the provider what he had been told of before the browser had booked it.
    expect([...seen].filter((trace) => trace.includes('asks the provider: outcome')).length).toBeGreaterThan(10)
  },
)
