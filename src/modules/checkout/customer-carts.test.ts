/** The carts of customers: who opens them, and what becomes of a guest's cart whose guest signs in. */
import { startTestHall, type TestHall } from '#testing/hall'
import type { Actor } from '#platform/values'
import { describe, expect, test } from 'vitest'

const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
const refused = (reason: string) => ({ data: { reason } })
const someId = (prefix: string) => `${prefix}_01940000-0000-7000-8000-000000000000`
const guest: Actor = { kind: 'guest' }
const alice: Actor = { kind: 'customer', id: someId('acc') }
const bob: Actor = { kind: 'customer', id: someId('acc').replace(/0$/, '1') }

async function open(distance: 'near' | 'far' = 'near'): Promise<TestHall> {
  const hall = await startTestHall({ modules: ['catalog', 'pricing', 'checkout'], distance })
  const product = (sku: string, amountMinor: number) => ({
    code: sku,
    name: `the ${sku}`,
    variants: [{ sku, price: gbp(amountMinor), morePrices: [eur(amountMinor + 1)], stocked: true }],
  })
  await hall.calls.catalog.importProducts.mutate({ products: [product('MUG', 295), product('LAMP', 1695)] })
  return hall
}

/** A cart with so many mugs, a line each. */
async function fill(hall: TestHall, actor: Actor, { mugs, currency = 'GBP' }: { mugs: number; currency?: string }) {
  const { checkout } = hall.as(actor)
  const cart = await checkout.createCart.mutate({ currency })
  await checkout.addLines.mutate({
    ...cart,
    lines: Array.from({ length: mugs }, (_, index) => ({ sku: 'MUG', quantity: index + 1 })),
  })
  return cart
}

const quantitiesOf = async (hall: TestHall, actor: Actor, cartId: string) =>
  (await hall.as(actor).checkout.getCart.query({ cartId })).lines.map(({ quantity }) => quantity)

/** What must hold of all carts, whatever was done to them. */
async function expectCountsRight({ sql }: TestHall): Promise<void> {
  const wrong = await sql(`SELECT cart.id, cart.line_count, count(line.*)::int AS lines FROM checkout.carts cart
    LEFT JOIN checkout.cart_lines line ON line.cart_id = cart.id AND line.position <= cart.last_position
    GROUP BY cart.id HAVING cart.line_count <> count(line.*)`)
  expect(wrong).toEqual([])
}

describe.each(['near', 'far'] as const)('carts of customers, %s', (distance) => {
  test('a customer who is signed in needs no token, and finds the cart that was changed last', async () => {
    await using hall = await open(distance)
    const { checkout } = hall.as(alice)
    expect(await checkout.mine.query({})).toEqual({ cartId: null })
    const first = await checkout.createCart.mutate({ currency: 'GBP' })
    hall.clock.set('2026-01-02T00:00:00.000Z')
    const second = await checkout.createCart.mutate({ currency: 'GBP' })
    expect(await checkout.mine.query({})).toEqual({ cartId: second.cartId })
    hall.clock.set('2026-01-03T00:00:00.000Z')
    const { cartId } = first
    const { lineIds } = await checkout.addLines.mutate({ cartId, lines: [{ sku: 'MUG', quantity: 2 }] })
    await checkout.setAddress.mutate({ cartId, address: { country: 'GB' } })
    expect(await checkout.mine.query({})).toEqual({ cartId })
    expect(await checkout.getCart.query({ cartId })).toMatchObject({ total: gbp(590), shipping: null, heldUntil: null })
    expect(await checkout.removeLines.mutate({ cartId, lineIds })).toEqual({ cartId, lineCount: 0 })
    // The token still opens it, as it does a guest's.
    expect(await hall.as(guest).checkout.getCart.query(first)).toMatchObject({ cartId })
  })

  test('to everybody else the cart of a customer is not there', async () => {
    await using hall = await open(distance)
    const { cartId } = await fill(hall, alice, { mugs: 1 })
    const apiKey: Actor = { kind: 'service', id: someId('key'), permissions: ['*'] }
    for (const actor of [guest, bob, apiKey]) {
      const { checkout } = hall.as(actor)
      const attempts = [
        checkout.getCart.query({ cartId }),
        checkout.setAddress.mutate({ cartId, address: { country: 'GB' } }),
        checkout.addLines.mutate({ cartId, lines: [{ sku: 'MUG', quantity: 1 }] }),
        checkout.removeLines.mutate({ cartId, lineIds: [someId('lin')] }),
        checkout.shippingMethods.query({ cartId }),
        checkout.setShipping.mutate({ cartId, method: 'post' }),
        checkout.hold.mutate({ cartId }),
        checkout.complete.mutate({ cartId, expectedTotal: gbp(295), payment: { source: 'card_ok' } }),
      ]
      const unknown = { reason: { data: { code: 'NOT_FOUND', reason: 'checkout.unknown_cart' } } }
      expect(await Promise.allSettled(attempts)).toMatchObject(attempts.map(() => unknown))
    }
    await expect(hall.as(guest).checkout.mine.query({})).rejects.toMatchObject(refused('platform.unauthenticated'))
    expect(await hall.as(apiKey).checkout.mine.query({})).toEqual({ cartId: null })
    const guests = await fill(hall, guest, { mugs: 1 })
    await expect(hall.as(apiKey).checkout.merge.mutate(guests)).rejects.toMatchObject(
      refused('checkout.not_a_customer'),
    )
  })

  test('staff who shop with an account of their own have carts of their own', async () => {
    await using hall = await open(distance)
    const clerk: Actor = { kind: 'staff', id: someId('acc'), permissions: [] }
    const { cartId } = await fill(hall, clerk, { mugs: 1 })
    expect(await hall.as(clerk).checkout.mine.query({})).toEqual({ cartId })
  })

  test('a guest’s lines join those of the customer’s cart, in order, once', async () => {
    await using hall = await open(distance)
    const { cartId } = await fill(hall, alice, { mugs: 2 })
    const guests = await fill(hall, guest, { mugs: 3 })
    await hall.as(guest).checkout.setAddress.mutate({ ...guests, address: { country: 'GB' } })
    const { checkout } = hall.as(alice)
    expect(await checkout.merge.mutate(guests)).toEqual({ cartId, lineCount: 5 })
    expect(await quantitiesOf(hall, alice, cartId)).toEqual([1, 2, 1, 2, 3])
    expect(await checkout.getCart.query({ cartId })).toMatchObject({ address: { country: 'GB' } })
    await checkout.addLines.mutate({ cartId, lines: [{ sku: 'LAMP', quantity: 9 }] })
    expect(await checkout.merge.mutate(guests)).toEqual({ cartId, lineCount: 6 })
    expect(await quantitiesOf(hall, alice, cartId)).toEqual([1, 2, 1, 2, 3, 9])
    // The guest's token opens neither cart, and is of no use to another customer.
    const opened = [
      hall.as(guest).checkout.getCart.query(guests),
      hall.as(guest).checkout.getCart.query({ ...guests, cartId }),
      hall.as(alice).checkout.getCart.query({ cartId: guests.cartId }),
      hall.as(guest).checkout.addLines.mutate({ ...guests, lines: [{ sku: 'MUG', quantity: 1 }] }),
      hall.as(bob).checkout.merge.mutate(guests),
    ]
    const unknown = { reason: refused('checkout.unknown_cart') }
    expect(await Promise.allSettled(opened)).toMatchObject(opened.map(() => unknown))
    await expectCountsRight(hall)
  })

  test('without an open cart in its currency the cart itself changes hands, and its token ends', async () => {
    await using hall = await open(distance)
    await fill(hall, alice, { mugs: 1, currency: 'EUR' })
    const guests = await fill(hall, guest, { mugs: 2 })
    const { checkout } = hall.as(alice)
    const handed = { cartId: guests.cartId, lineCount: 2 }
    expect(await checkout.merge.mutate(guests)).toEqual(handed)
    expect(await checkout.merge.mutate(guests)).toEqual(handed)
    expect(await quantitiesOf(hall, alice, guests.cartId)).toEqual([1, 2])
    const opened = [hall.as(guest).checkout.getCart.query(guests), hall.as(bob).checkout.merge.mutate(guests)]
    const unknown = { reason: refused('checkout.unknown_cart') }
    expect(await Promise.allSettled(opened)).toMatchObject(opened.map(() => unknown))
    // It is the customer's now: a second guest's cart joins it.
    const later = await fill(hall, guest, { mugs: 1 })
    expect(await checkout.merge.mutate(later)).toEqual({ cartId: guests.cartId, lineCount: 3 })
  })

  test('more than 1,000 lines do not fit, and nothing is merged then', async () => {
    await using hall = await open(distance)
    const { cartId } = await fill(hall, alice, { mugs: 600 })
    const guests = await fill(hall, guest, { mugs: 401 })
    await expect(hall.as(alice).checkout.merge.mutate(guests)).rejects.toMatchObject(refused('checkout.too_many_lines'))
    expect(await hall.sql('SELECT state, line_count FROM checkout.carts ORDER BY line_count')).toEqual([
      { state: 'open', line_count: 401 },
      { state: 'open', line_count: 600 },
    ])
    const { lines } = await hall.as(guest).checkout.getCart.query(guests)
    await hall.as(guest).checkout.removeLines.mutate({ ...guests, lineIds: [lines[0]!.lineId] })
    expect(await hall.as(alice).checkout.merge.mutate(guests)).toEqual({ cartId, lineCount: 1000 })
    await expectCountsRight(hall)
  })
})

test('a customer who created a cart and merges it changes nothing', async () => {
  await using hall = await open()
  const cart = await fill(hall, alice, { mugs: 1 })
  await fill(hall, alice, { mugs: 2 })
  expect(await hall.as(alice).checkout.merge.mutate(cart)).toEqual({ cartId: cart.cartId, lineCount: 1 })
  await expect(hall.as(bob).checkout.merge.mutate(cart)).rejects.toMatchObject(refused('checkout.unknown_cart'))
})

test('carts that are merged at once end as one', async () => {
  await using hall = await open()
  const guests = await Promise.all(Array.from({ length: 6 }, (_, index) => fill(hall, guest, { mugs: index + 1 })))
  const twice = [...guests, ...guests.toReversed()]
  const merged = await Promise.all(twice.map((cart) => hall.as(alice).checkout.merge.mutate(cart)))
  expect(new Set(merged.map(({ cartId }) => cartId)).size).toBe(1)
  expect(await quantitiesOf(hall, alice, merged[0]!.cartId)).toHaveLength(21)
  expect(await hall.sql(`SELECT count(*)::int AS open FROM checkout.carts WHERE state = 'open'`)).toEqual([{ open: 1 }])
  await expectCountsRight(hall)
})

test('lines that are added or taken out while carts are merged are neither lost nor doubled', async () => {
  await using hall = await open()
  const { cartId } = await fill(hall, alice, { mugs: 1 })
  const guests = await Promise.all(Array.from({ length: 4 }, () => fill(hall, guest, { mugs: 2 })))
  const { checkout } = hall.as(alice)
  const one = { lines: [{ sku: 'LAMP', quantity: 1 }] }
  const adding = guests.flatMap((cart) => [
    hall.as(guest).checkout.addLines.mutate({ ...cart, ...one }),
    checkout.addLines.mutate({ cartId, ...one }),
  ])
  const [results] = await Promise.all([
    Promise.allSettled(adding),
    Promise.all(guests.map((cart) => checkout.merge.mutate(cart))),
  ])
  // A guest's line that came after the merge is refused, and no line is anywhere but in the customer's cart.
  const added = results.filter(({ status }) => status === 'fulfilled').length
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.data.reason] : []))
  expect(refusals.filter((reason) => reason !== 'checkout.unknown_cart')).toEqual([])
  expect(await quantitiesOf(hall, alice, cartId)).toHaveLength(1 + 4 * 2 + added)
  await expectCountsRight(hall)
})
