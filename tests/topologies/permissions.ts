/** The suite's fourth chapter: who may do what, and sees whose orders. */
import { randomUUID } from 'node:crypto'
import { createApiKey } from '#platform/api-key'
import { describe, expect, test } from 'vitest'
import type { HallCalls } from '../../src/commands/hall-calls.ts'
import { buy, fillCart, orderOnce, pence, purchaseOf, refused, type Shop } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]
const range = { from: '2026-01-01', to: '2026-01-01', currency: 'GBP' }

/** Something that only staff may do, of each module but audit: it does not listen to itself, so what it refuses is in no record. */
const ofStaff: Record<string, (calls: HallCalls) => Promise<unknown>> = {
  'identity:read': ({ identity }) => identity.listApiKeys.query({}),
  'catalog:read': ({ catalog }) => catalog.listAll.query({}),
  'inventory:read': ({ inventory }) => inventory.listLocations.query({}),
  'pricing:read': ({ pricing }) => pricing.listTaxRates.query({}),
  'orders:read': ({ orders }) => orders.list.query({}),
  'payments:read': ({ payments }) => payments.totals.query({ currency: 'GBP' }),
  'fulfilment:read': ({ fulfilment }) => fulfilment.listShipments.query({}),
  'reporting:read': ({ reporting }) => reporting.sales.query(range),
}

export function testPermissions(shop: () => Shop): void {
  describe('a permission', () => {
    test('lets staff do that in each module, and nothing else; guests it refuses', () => letsStaffDoThat(shop()))

    test('is asked of a key that is known, and in words that are', async () => {
      const { url, as } = shop()
      await expect(as(createApiKey()).orders.list.query({})).rejects.toMatchObject(refused('platform.wrong_key'))
      await expect(as('nonsense').orders.list.query({})).rejects.toMatchObject(refused('platform.bad_token'))
      expect(await statusOf(`${url}/trpc/orders.list`, 'Basic abc')).toEqual([401, 'platform.bad_token'])
    })

    test('opens no operation that is for modules', async () => {
      const { url, owner } = shop()
      await owner.orders.list.query({})
      for (const path of ['catalog.variants', 'orders.beginShipping', 'payments.journalAfter', 'nonsense.list'])
        expect(await statusOf(`${url}/trpc/${path}`)).toEqual([404, 'platform.unknown_operation'])
    })
  })

  describe('a customer', () => {
    test('takes a guest’s cart along, and alone sees the order', () => buysSignedIn(shop()))
  })
}

async function letsStaffDoThat(shop: Shop): Promise<void> {
  const permissions = Object.keys(ofStaff)
  for (const permission of permissions)
    await expect(ofStaff[permission]!(shop.guest)).rejects.toMatchObject(refused('platform.unauthenticated'))
  const [reader, writer] = await Promise.all([shop.staff(permissions), shop.staff(['catalog:write'])])
  for (const permission of permissions) {
    await ofStaff[permission]!(reader)
    await expect(ofStaff[permission]!(writer)).rejects.toMatchObject(refused('platform.forbidden'))
  }
  const price = { sku: 'MUG', price: pence(295) }
  await writer.catalog.setPrice.mutate(price)
  await expect(reader.catalog.setPrice.mutate(price)).rejects.toMatchObject({
    message: expect.stringContaining('catalog:write'),
    data: { code: 'FORBIDDEN', httpStatus: 403, reason: 'platform.forbidden' },
  })
}

/** What the public face says to a plain request: its status, and the reason. */
async function statusOf(url: string, authorization?: string): Promise<[number, string | undefined]> {
  const answer = await fetch(`${url}?input=%7B%7D`, { headers: authorization === undefined ? {} : { authorization } })
  const { error } = (await answer.json()) as { error?: { data: { reason: string } } }
  return [answer.status, error?.data.reason]
}

async function buysSignedIn(shop: Shop): Promise<void> {
  const register = async (name: string) => {
    const account = { email: `${name}-${randomUUID()}@example.org`, password: 'a long enough password' }
    await shop.guest.identity.register.mutate(account)
    const { accessToken } = await shop.guest.identity.logIn.mutate(account)
    return { calls: shop.as(accessToken), email: account.email }
  }
  const [ada, eve] = await Promise.all([register('ada'), register('eve')])
  expect(await ada.calls.identity.me.query({})).toMatchObject({ email: ada.email, roles: [] })
  const cart = await fillCart(shop.guest, mug)
  await ada.calls.checkout.merge.mutate(cart)
  const { cartId } = await ada.calls.checkout.mine.query({})
  expect(await eve.calls.checkout.mine.query({})).toEqual({ cartId: null })
  await expect(shop.guest.checkout.getCart.query(cart)).rejects.toMatchObject(refused('checkout.unknown_cart'))
  const bought = await ada.calls.checkout.complete.mutate(await purchaseOf(ada.calls, { cartId: cartId! }))
  await orderOnce(shop, bought, ({ state }) => state === 'paid')
  const { items } = await ada.calls.orders.mine.query({})
  expect(items).toMatchObject([{ id: bought.orderId, state: 'paid' }])
  expect((await eve.calls.orders.mine.query({})).items).toEqual([])
  // Another customer's order is none, with somebody else's token, too.
  const { orderToken: token } = await buy(shop.guest, mug)
  for (const asked of [{ id: bought.orderId }, { id: bought.orderId, token }])
    await expect(eve.calls.orders.get.query(asked)).rejects.toMatchObject(refused('orders.unknown_order'))
  await expect(eve.calls.orders.list.query({})).rejects.toMatchObject(refused('platform.forbidden'))
}
