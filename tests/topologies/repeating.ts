/** The suite's third chapter: what is asked again, under the same key or another. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { keyed } from '../../src/commands/hall-calls.ts'
import { availableOf, fillCart, orderOnce, purchaseOf, reasonOf, refused, type Shop } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]

export function testRepeating(shop: () => Shop): void {
  describe('whoever asks again', () => {
    test('under the same key is answered the same, of each kind of operation, and it is done once', () =>
      repeatsUnderOneKey(shop()))

    test('many times at once buys once', () => clicksManyTimes(shop()))

    test('something else under the same key is refused', async () => {
      const { guest } = shop()
      const once = keyed(randomUUID())
      await guest.checkout.createCart.mutate({ currency: 'GBP' }, once)
      await expect(guest.checkout.createCart.mutate({ currency: 'EUR' }, once)).rejects.toMatchObject({
        data: { code: 'CONFLICT', reason: 'platform.key_reused' },
      })
      const short = guest.checkout.createCart.mutate({ currency: 'GBP' }, keyed('short'))
      await expect(short).rejects.toMatchObject(refused('platform.bad_key'))
    })

    test('under another key finds that an invoice has one order, and a delivery was received', () =>
      repeatsUnderOthers(shop()))
  })
}

async function repeatsUnderOneKey({ guest, owner }: Shop): Promise<void> {
  const key = () => keyed(randomUUID())
  const [create, add] = [key(), key()]
  const basket = { currency: 'GBP', address: { country: 'GB' } }
  const cart = await guest.checkout.createCart.mutate(basket, create)
  expect(await guest.checkout.createCart.mutate(basket, create)).toEqual(cart)
  const lines = { ...cart, lines: mug }
  const added = await guest.checkout.addLines.mutate(lines, add)
  expect(await guest.checkout.addLines.mutate(lines, add)).toEqual(added)
  expect((await guest.checkout.getCart.query(cart)).lines).toHaveLength(1)
  // Of staff, in another module.
  const save = key()
  const category = { slug: 'glass', name: 'Glass' }
  const saved = await owner.catalog.saveCategory.mutate(category, save)
  await owner.catalog.saveCategory.mutate({ ...category, name: 'Glassware' }, key())
  expect(await owner.catalog.saveCategory.mutate(category, save)).toEqual(saved)
  const { categories } = await owner.catalog.listCategories.query({})
  expect(categories.find(({ slug }) => slug === 'glass')?.name).toBe('Glassware')
}

async function clicksManyTimes(shop: Shop): Promise<void> {
  const { guest } = shop
  const before = (await availableOf(shop, 'MUG'))!
  const purchase = await purchaseOf(guest, await fillCart(guest, mug))
  const once = keyed(randomUUID())
  const clicks = Array.from({ length: 5 }, () => guest.checkout.complete.mutate(purchase, once))
  const [first, ...others] = await Promise.all(clicks)
  expect(others).toEqual(others.map(() => first))
  await orderOnce(shop, first!, ({ state }) => state === 'paid')
  expect(await guest.checkout.complete.mutate(purchase, once)).toEqual(first)
  expect(await availableOf(shop, 'MUG')).toBe(before - 1)
}

async function repeatsUnderOthers(shop: Shop): Promise<void> {
  const { owner } = shop
  const externalInvoice = randomUUID()
  const place = async () => {
    const purchase = await purchaseOf(owner, await fillCart(owner, mug))
    return owner.checkout.complete.mutate({ ...purchase, externalInvoice })
  }
  const results = await Promise.allSettled([place(), place(), place()])
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [reasonOf(result.reason)] : []))
  expect(reasons).toEqual(['orders.invoice_exists', 'orders.invoice_exists'])
  const { orders } = await owner.orders.findInvoices.query({ externalInvoices: [externalInvoice] })
  expect(orders).toHaveLength(1)
  const receipt = { reference: `truck-${externalInvoice}`, lines: mug }
  expect(await owner.inventory.receive.mutate(receipt)).toEqual({ received: true, units: 1 })
  expect(await owner.inventory.receive.mutate(receipt)).toMatchObject({ received: false })
}
