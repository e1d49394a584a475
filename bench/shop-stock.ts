/** The invented shop: 1,000 products with 2 variants, and more stock than a benchmark can sell. */
import type { WireClient } from './wire-client.ts'

export const CURRENCY = 'GBP'
export const PRODUCTS = 1000
const VARIANTS = ['RED', 'BLUE'] as const
const IMPORTED_AT_ONCE = 250
const RECEIVED_AT_ONCE = 1000
const UNITS = 1_000_000

export const skuOf = (product: number, variant: number): string =>
  `BENCH-${String(product % PRODUCTS).padStart(4, '0')}-${VARIANTS[variant % VARIANTS.length]}`

/** Imports the products and receives their stock, through the public API. `owner` is signed in. */
export async function fillShop(owner: WireClient): Promise<void> {
  const products = Array.from({ length: PRODUCTS }, (_, product) => ({
    code: `BENCH-${String(product).padStart(4, '0')}`,
    name: `Invented product ${product}`,
    description: 'A thing of good quality, made for measuring. It comes in two colours, and nobody has to dust it.',
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
}

type Cart = { cartId: string; token: string }
type Money = { amountMinor: number; currency: string }

export type Purchase = {
  /** The whole of it, all requests, in milliseconds. */
  totalMs: number
  /** Its slowest request, in milliseconds. */
  slowestMs: number
}

/** How many requests a purchase makes. */
export const PURCHASE_REQUESTS = 4

/** Buys three lines as a guest: opens a cart, fills it, looks at what it costs, and completes it, placed and paid. */
export async function buy(guest: WireClient, turn: number): Promise<Purchase> {
  let slowestMs = 0
  let totalMs = 0
  const timed = async <Answer>(request: Promise<Answer>): Promise<Answer> => {
    const begun = performance.now()
    const answer = await request
    const took = performance.now() - begun
    slowestMs = Math.max(slowestMs, took)
    totalMs += took
    return answer
  }
  const address = { country: 'GB' }
  const cart: Cart = await timed(guest.mutate('checkout.createCart', { currency: CURRENCY, address }))
  // Strides without a common factor with 1,000: neighbours in time share no product for long.
  const lines = [turn * 7, turn * 13 + 331, turn * 17 + 667].map((product, index) => ({
    sku: skuOf(product, turn + index),
    quantity: 1 + ((turn + index) % 3),
  }))
  await timed(guest.mutate('checkout.addLines', { ...cart, lines }))
  const { total } = await timed(guest.query<{ total: Money }>('checkout.getCart', cart))
  const completion = { ...cart, expectedTotal: total, payment: { source: 'card_bench' } }
  // A careful client sends a key with what must not happen twice; it costs the hall one look.
  await timed(guest.mutate('checkout.complete', completion, { key: crypto.randomUUID() }))
  return { totalMs, slowestMs }
}
