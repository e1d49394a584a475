/** What a shop needs before anything can be bought, and buying it. */
import type { TestHall } from './hall.ts'

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })

/** Imports products under these SKUs at £2.95 each, and receives 1,000 units of each. */
export async function stockShop(hall: TestHall, skus: readonly string[] = ['LANTERN']): Promise<void> {
  const products = skus.map((sku) => ({
    code: sku,
    name: `Product ${sku}`,
    variants: [{ sku, price: pounds(295), stocked: true }],
  }))
  await hall.calls.catalog.importProducts.mutate({ products })
  await hall.calls.inventory.receive.mutate({
    reference: 'first delivery',
    lines: skus.map((sku) => ({ sku, quantity: 1000 })),
  })
}

/** Buys units of one SKU as a guest, and returns the answer of `checkout.complete`. */
export async function buy(
  hall: TestHall,
  { sku = 'LANTERN', quantity = 1, source = 'card_ok' }: { sku?: string; quantity?: number; source?: string } = {},
) {
  const { checkout } = hall.calls
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
  await checkout.addLines.mutate({ ...cart, lines: [{ sku, quantity }] })
  return checkout.complete.mutate({ ...cart, expectedTotal: pounds(295 * quantity), payment: { source } })
}
