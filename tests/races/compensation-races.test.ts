/** Purchases that are taken back after they were told of: undone by their own saga, or cancelled as soon as they are placed. */
import { owner } from '#testing/hall'
import { expect, test } from 'vitest'
import { type Arena, openArena } from './arena.ts'
import { boughtBy, fill, ordersOf, type Purchase, range, stockOf } from './buyers.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const gated = ['checkout', 'inventory', 'payments', 'orders'] as const
/** Calls whose answer may be lost while the call itself comes late. */
const losable = ['inventory.reserve', 'payments.authorise', 'orders.place', 'inventory.release', 'payments.void']

/** What was told of each payment of a cart, in its order. */
const toldOf = ({ sql }: Arena, { cartId }: Purchase) =>
  sql<{ state: string; told: string[] }>(
    `select s.state, array(select j.name from payments.journal j where j.key = p.id order by j.version) as told
     from checkout.sagas s join payments.payments p on p.reference = s.id
     where s.operation = 'checkout.complete' and s.input->>'cartId' = $1`,
    [cartId],
  )

/** Two carts are bought under one external invoice: one must be taken back, after its payment was told of. The other may be cancelled. */
const takenBack: Scenario = async ({ arena, chance, play, seed }) => {
  await arena.finish()
  const sku = await arena.stock(2)
  const externalInvoice = `invoice-${seed}`
  const carts = [await fill(arena, [{ sku, quantity: 1 }]), await fill(arena, [{ sku, quantity: 1 }])]
  const loses = chance(0, 1) === 0 ? losable[chance(0, losable.length - 1)] : undefined
  for (const [number, cart] of carts.entries()) {
    const { complete } = arena.doors[number as 0 | 1](owner).checkout
    play.join(`cart ${number}`, () => complete.mutate({ ...cart, externalInvoice }), {
      loses: number === 0 ? loses : undefined,
    })
  }
  const isTold = () => play.hasEnded('cart 0') || play.hasEnded('cart 1')
  const cancels = chance(0, 1) === 0
  const cancel = async () => {
    const placed = await arena.sql<{ id: string }>(`select id from orders.orders where external_invoice = $1`, [
      externalInvoice,
    ])
    for (const { id } of placed) await arena.doors[1](owner).orders.cancel.mutate({ id })
    return placed.length
  }
  if (cancels) play.join('cancel', cancel, { when: isTold })
  play.join('time', () => arena.letTimePass(), { when: isTold })
  for (const number of range(chance(1, 2))) play.join(`worker ${number}`, () => arena.work())
  play.join('sweep', () => arena.resumeSagas('checkout'), { when: () => play.hasEnded('time') })
  return async () => {
    const orders = (await Promise.all(carts.map((cart) => ordersOf(arena, cart)))).flat()
    const answers = carts.flatMap((_, number) => boughtBy(play, `cart ${number}`)?.orderId ?? [])
    expect(orders.length).toBeLessThanOrEqual(1)
    expect(orders.map(({ id }) => id)).toEqual(expect.arrayContaining(answers))
    const isCancelled = Number(play.answerOf('cancel') ?? 0) > 0
    for (const { state, captured, refunded } of orders)
      expect([state, captured - refunded]).toEqual(isCancelled ? ['cancelled', 0] : ['paid', 295])
    const reserved = orders.filter(({ state }) => state === 'paid').length
    expect(await stockOf(arena, sku), 'stock').toEqual({ onHand: 2, reserved, held: 0 })
    for (const cart of carts)
      for (const { state, told } of await toldOf(arena, cart))
        if (state === 'undone') expect([[], ['payments.authorised', 'payments.voided']]).toContainEqual(told)
  }
}

/** Whether something was taken back that a worker had already given its place in the journal. */
function isTakenBackAfterTelling(trace: string): boolean {
  const steps = trace.split('\n')
  const at = (step: RegExp) => steps.findIndex((each) => step.test(each))
  const [told, taken] = [at(/^worker \d: payments platform_sequence, COMMIT$/), at(/payments_claim_for_void/)]
  return told >= 0 && taken > told
}

test(
  'in 200 interleavings what is taken back after it was told of is told of again, and leaves nothing behind',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    const seen = await race(arena, takenBack)
    expect([...seen].filter(isTakenBackAfterTelling).length).toBeGreaterThan(5)
  },
)

test(
  'an undo that leaves no tombstone is seen to leave a late reservation behind',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    arena.replace('inventory', 'release', ({ spec }) => ({ spec: { ...spec, undoes: undefined } }))
    await expect(race(arena, takenBack, { every: 10 })).rejects.toThrow(/^stock: expected \{ onHand: 2, reserved: 1/)
  },
)
