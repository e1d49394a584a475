/** The invented shop: 1,000 products with 2 variants, and more stock than a benchmark can sell. */
import { type Purchase, type Timed, timePurchase } from './load.ts'
import type { WireClient } from './wire-client.ts'

export const CURRENCY = 'GBP'
export const PRODUCTS = 1000
const VARIANTS = ['RED', 'BLUE'] as const
const IMPORTED_AT_ONCE = 250
const RECEIVED_AT_ONCE = 1000
const UNITS = 1_000_000
const METHOD = 'standard'

/** What the invented products are, so that a search for one finds a twentieth of them. */
const WORDS =
  'lantern basket candle kettle blanket clock vase tray mirror drawer ladder garland teapot bunting doormat stool whistle lamp cushion jar'.split(
    ' ',
  )
export const wordOf = (turn: number): string => WORDS[turn % WORDS.length]!

export const skuOf = (product: number, variant: number): string =>
  `BENCH-${String(product % PRODUCTS).padStart(4, '0')}-${VARIANTS[variant % VARIANTS.length]}`

/** Imports the products, receives their stock and says how they are sent, through the public API. `owner` is signed in. */
export async function fillShop(owner: WireClient): Promise<void> {
  const products = Array.from({ length: PRODUCTS }, (_, product) => ({
    code: `BENCH-${String(product).padStart(4, '0')}`,
    name: `Invented product ${product}`,
    description: `A ${WORDS[product % WORDS.length]} of good quality, made for measuring. It comes in two colours, and nobody has to dust it.`,
    variants: VARIANTS.map((title, variant) => ({
      sku: skuOf(product, variant),
      title: title.toLowerCase(),
      price: { amountMinor: 250 + ((product * 7 + variant * 31) % 4000), currency: CURRENCY },
      stocked: true,
    })),
  }))
  for (let start = 0; start < products.length; start += IMPORTED_AT_ONCE) {
    await owner.mutate('catalog.importProducts', { products: products.slice(start, start + IMPORTED_AT_ONCE) })
  }
  const lines = products.flatMap(({ variants }) => variants.map(({ sku }) => ({ sku, quantity: UNITS })))
  for (let start = 0; start < lines.length; start += RECEIVED_AT_ONCE) {
    const reference = `bench ${start}`
    await owner.mutate('inventory.receive', { reference, lines: lines.slice(start, start + RECEIVED_AT_ONCE) })
  }
  const price = { amountMinor: 395, currency: CURRENCY }
  await owner.mutate('fulfilment.saveMethod', { code: METHOD, country: 'GB', name: 'Standard', price })
}

type Cart = { cartId: string; token: string }
type Money = { amountMinor: number; currency: string }
type Order = { orderId: string; orderToken: string }

const ADDRESS = {
  name: 'A. Measure',
  line1: '1 Bench Street',
  city: 'London',
  postalCode: 'EC1A 1AA',
  country: 'GB',
  email: 'bench@example.com',
}

/** How many requests a purchase makes. */
export const PURCHASE_REQUESTS = 8

/** Buys two of a thing as a guest. */
export const buy = (guest: WireClient, turn: number): Promise<Purchase> =>
  // A stride without a common factor with 1,000: neighbours in time share no product for long.
  timePurchase((timed) => checkOut(guest, [{ sku: skuOf(turn * 7, turn), quantity: 2 }], timed))

/**
 * Buys as a storefront does for a guest: opens a cart, fills it, says where it goes, asks how it can be sent, chooses, looks at
 * what it costs, completes it, and looks at the order.
 */
export async function checkOut(
  guest: WireClient,
  lines: readonly { sku: string; quantity: number }[],
  timed: Timed,
): Promise<void> {
  const cart: Cart = await timed(guest.mutate('checkout.createCart', { currency: CURRENCY }))
  await timed(guest.mutate('checkout.addLines', { ...cart, lines }))
  await timed(guest.mutate('checkout.setAddress', { ...cart, address: ADDRESS }))
  const { methods } = await timed(guest.query<{ methods: { code: string }[] }>('checkout.shippingMethods', cart))
  await timed(guest.mutate('checkout.setShipping', { ...cart, method: methods[0]?.code }))
  const { total } = await timed(guest.query<{ total: Money }>('checkout.getCart', cart))
  const completion = { ...cart, expectedTotal: total, payment: { source: 'card_bench' } }
  // A careful client sends a key with what must not happen twice; it costs the hall one look.
  const { orderId, orderToken } = await timed(
    guest.mutate<Order>('checkout.complete', completion, { key: crypto.randomUUID() }),
  )
  await timed(guest.query('orders.get', { id: orderId, token: orderToken }))
}

/** Buys so often, one after the other, and returns how long each took, in milliseconds. */
export async function buyAlone(
  guests: WireClient,
  { checkouts, signal }: { checkouts: number; signal: AbortSignal },
): Promise<number[]> {
  const samples: number[] = []
  for (let turn = 1; turn <= checkouts; turn += 1) {
    signal.throwIfAborted()
    samples.push((await buy(guests, 5_000_000 + turn)).totalMs)
  }
  return samples
}
