/** The order that is asked about, and what is answered: about 400 bytes, and about 600. The rivals are asked the same. */

type Order = {
  cartId: string
  customer: string
  email: string
  currency: 'GBP' | 'EUR'
  lines: { sku: string; quantity: number; unitMinor: number }[]
  note: string
}

export const order: Order = {
  cartId: 'cart_01890000-0000-7000-8000-000000000000',
  customer: 'cus_01890000-0000-7000-8000-000000000000',
  email: 'ada.lovelace@example.com',
  currency: 'GBP',
  lines: ['MUG-STONEWARE', 'TEAPOT-CAST-IRON', 'BUNTING-SUMMER'].map((sku) => ({ sku, quantity: 2, unitMinor: 295 })),
  note: 'Please ring twice and leave it with the neighbours.',
}

export function priced({ lines, currency, note }: Order) {
  const totals = lines.map((each) => ({ ...each, totalMinor: each.quantity * each.unitMinor }))
  return {
    orderId: 'ord_01890000-0000-7000-8000-000000000000',
    state: 'placed' as const,
    placedAt: '2026-11-27T12:00:00.000Z',
    total: { amountMinor: totals.reduce((sum, each) => sum + each.totalMinor, 0), currency },
    lines: totals,
    note: `${note} ${'It is packed in paper, and insured on the way. '.repeat(3)}`,
  }
}
