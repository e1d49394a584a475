/** A shop behind a public face of which nothing else is known: its goods, and stock tRPC clients of guests, customers and staff. */
import { createApiKey, hashApiKey } from '#platform/api-key'
import { eventually } from '#testing/eventually'
import { createTRPCClient, httpBatchLink, TRPCClientError } from '@trpc/client'
import { createHallCalls, type HallCalls } from '../../src/commands/hall-calls.ts'
import type { HallRouter } from '../../src/contracts.ts'

/** All that the suite is told of a hall. */
export type Face = { url: string; ownerKey: string }

export type Shop = {
  url: string
  guest: HallCalls
  /** May do everything. */
  owner: HallCalls
  /** Whoever holds this key or access token. */
  as(credential: string): HallCalls
  /** Somebody new, with a key for these permissions. */
  staff(permissions: string[]): Promise<HallCalls>
  /** A client that gathers its calls into batches, with the paths and statuses of what it has asked. */
  batching(headers?: Record<string, string>): { client: HallCalls; seen: { path: string; status: number }[] }
}

type Line = { sku: string; quantity: number }
type Cart = { cartId: string; token?: string }
type Bought = { orderId: string; orderToken: string }

export const pence = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
export const refused = (reason: string) => ({ data: { reason } })

/** What is on sale: mugs, one vase, and wrapping, of which no stock is kept. */
export const prices = { MUG: 295, VASE: 4900, WRAPPING: 150 } as const
export const postage = 395

/** Opens a shop in an empty hall. */
export async function openShop({ url, ownerKey }: Face): Promise<Shop> {
  const owner = createHallCalls(url, ownerKey)
  await owner.catalog.saveCategory.mutate({ slug: 'crockery', name: 'Crockery' })
  const product = (sku: keyof typeof prices, name: string, more: { categories?: string[]; stocked: boolean }) => ({
    code: sku,
    name,
    categories: more.categories ?? [],
    variants: [{ sku, price: pence(prices[sku]), stocked: more.stocked }],
  })
  const products = [
    product('MUG', 'A stoneware mug', { categories: ['crockery'], stocked: true }),
    product('VASE', 'The last vase', { categories: ['crockery'], stocked: true }),
    product('WRAPPING', 'Gift wrapping', { stocked: false }),
  ]
  await owner.catalog.importProducts.mutate({ products })
  const lines = [
    { sku: 'MUG', quantity: 100 },
    { sku: 'VASE', quantity: 1 },
  ]
  await owner.inventory.receive.mutate({ reference: 'delivery', lines })
  const method = { code: 'royal-mail', country: 'GB', name: 'Royal Mail', price: pence(postage) }
  await owner.fulfilment.saveMethod.mutate(method)
  const as = (credential: string) => createHallCalls(url, credential)
  return {
    url,
    owner,
    as,
    guest: createHallCalls(url, undefined),
    async staff(permissions) {
      const key = createApiKey()
      await owner.identity.createApiKey.mutate({ name: 'of the suite', permissions, keyHash: hashApiKey(key) })
      return as(key)
    },
    batching: (headers) => batchingClient(url, headers),
  }
}

function batchingClient(url: string, headers: Record<string, string> = {}): ReturnType<Shop['batching']> {
  const seen: { path: string; status: number }[] = []
  const link = httpBatchLink({
    url: `${url}/trpc`,
    headers: () => headers,
    async fetch(input, init) {
      const response = await fetch(input, { ...init, signal: init?.signal ?? null })
      seen.push({ path: new URL(response.url).pathname, status: response.status })
      return response
    },
  })
  return { client: createTRPCClient<HallRouter>({ links: [link] }), seen }
}

/** A cart that goes to Great Britain by post. */
export async function fillCart({ checkout }: HallCalls, lines: Line[]): Promise<Required<Cart>> {
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
  await checkout.addLines.mutate({ ...cart, lines })
  await checkout.setShipping.mutate({ ...cart, method: 'royal-mail' })
  return cart
}

/** What somebody asks for who saw the cart's total of today. */
export async function purchaseOf({ checkout }: HallCalls, cart: Cart, source = 'card_ok') {
  const { total } = await checkout.getCart.query(cart)
  return { ...cart, expectedTotal: total, payment: { source } }
}

/** Fills a cart, and buys it. */
export async function buy(calls: HallCalls, lines: Line[]) {
  return calls.checkout.complete.mutate(await purchaseOf(calls, await fillCart(calls, lines)))
}

type Order = Awaited<ReturnType<HallCalls['orders']['get']['query']>>

/** The order, once that is true of it. What follows from a purchase comes by events and jobs. */
export const orderOnce = (
  { guest }: Shop,
  { orderId: id, orderToken: token }: Bought,
  isTrue: (order: Order) => boolean,
) => eventually(() => guest.orders.get.query({ id, token }), isTrue)

/** How many units of these goods are free to be promised. */
export async function availableOf({ owner }: Shop, sku: string): Promise<number | undefined> {
  const { levels } = await owner.inventory.levels.query({ skus: [sku] })
  return levels[0]?.available
}

/** Does it as soon as it is no longer refused for a reason that passes by itself. */
export async function onceItMay<Answer>(act: () => Promise<Answer>, passing: readonly string[]): Promise<Answer> {
  const tried = await eventually(
    () => act().then((answer) => ({ answer }), reasonOf),
    (outcome) => typeof outcome !== 'string' || !passing.includes(outcome),
  )
  if (typeof tried === 'string') throw new Error(`It was refused: ${tried}.`)
  return tried.answer
}

/** The reason of a refusal; what is no refusal of a hall is thrown on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof TRPCClientError)) throw error
  return (error as TRPCClientError<HallRouter>).data?.reason ?? error.message
}
