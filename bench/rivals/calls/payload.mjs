// The question and the answer of bench/calls/payload.ts, for those who do not run our types.
export const order = {
  cartId: 'cart_01890000-0000-7000-8000-000000000000',
  customer: 'cus_01890000-0000-7000-8000-000000000000',
  email: 'ada.lovelace@example.com',
  currency: 'GBP',
  lines: ['MUG-STONEWARE', 'TEAPOT-CAST-IRON', 'BUNTING-SUMMER'].map((sku) => ({ sku, quantity: 2, unitMinor: 295 })),
  note: 'Please ring twice and leave it with the neighbours.',
}

export function priced({ lines, currency, note }) {
  const totals = lines.map((each) => ({ ...each, totalMinor: each.quantity * each.unitMinor }))
  return {
    orderId: 'ord_01890000-0000-7000-8000-000000000000',
    state: 'placed',
    placedAt: '2026-11-27T12:00:00.000Z',
    total: { amountMinor: totals.reduce((sum, each) => sum + each.totalMinor, 0), currency },
    lines: totals,
    note: `${note} ${'It is packed in paper, and insured on the way. '.repeat(3)}`,
  }
}

/** Calls per second with 64 under way, after a warm-up. */
export async function perSecond(call, seconds) {
  const load = async (length) => {
    const begun = performance.now()
    let calls = 0
    const caller = async () => {
      while (performance.now() - begun < length * 1000) {
        await call()
        calls += 1
      }
    }
    await Promise.all(Array.from({ length: 64 }, caller))
    return calls / ((performance.now() - begun) / 1000)
  }
  await load(2)
  return load(seconds)
}
