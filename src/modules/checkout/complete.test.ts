import { expect, test } from 'vitest'
import { orderOf, paymentOf, reservationOf } from './complete.ts'
import type { QuotedLine } from './quote-cart.ts'
import type { Complete, Purchase } from './quote-purchase.ts'

const lineOf = (sku: string, quantity: number, unitPriceMinor: number): QuotedLine => ({
  lineId: `lin_${sku}_${quantity}`,
  sku,
  name: `the ${sku}`,
  quantity,
  unitPriceMinor,
  grossMinor: quantity * unitPriceMinor,
  netMinor: quantity * unitPriceMinor,
  taxMinor: 0,
})

type More = Partial<Pick<Purchase, 'unstockedSkus' | 'shipping' | 'account' | 'holdReference'>> &
  Pick<Complete, 'externalInvoice' | 'customer' | 'orderedAt'>

function stateOf(lines: QuotedLine[], more: More = {}) {
  const { unstockedSkus = [], shipping = null, account = null, holdReference = null, ...special } = more
  const grossMinor = lines.reduce((sum, line) => sum + line.grossMinor, 0)
  const currency = 'GBP'
  const input = {
    cartId: 'crt_1',
    token: 'tok_1',
    expectedTotal: { amountMinor: grossMinor, currency },
    payment: { source: 'card_ok' },
    ...special,
  }
  const sums = { grossMinor, taxMinor: 0 }
  const of = { cartVersion: 3, currency, address: { country: 'GB' }, account, holdReference }
  const quote: Purchase = { ...of, lines, shipping, unstockedSkus, ...sums }
  // What later steps answer is not there yet when a request is computed again after a crash: none may need it.
  return { sagaId: 'sag_1', input, done: { quote }, has: () => false, undone: {} } as unknown as Parameters<
    typeof orderOf
  >[0]
}

test('stock is reserved line by line, of stocked goods only', () => {
  const state = stateOf([lineOf('A', 2, 5), lineOf('POST', 1, 9), lineOf('A', 1, 4)], { unstockedSkus: ['POST'] })
  expect(reservationOf(state)).toEqual({
    reference: 'sag_1',
    lines: [
      { sku: 'A', quantity: 2 },
      { sku: 'A', quantity: 1 },
    ],
  })
  expect(reservationOf(stateOf([lineOf('POST', 1, 9)], { unstockedSkus: ['POST'] }))).toBeNull()
  expect(reservationOf(stateOf([lineOf('A', 2, 5)], { holdReference: 'crt_1' }))).toMatchObject({ hold: 'crt_1' })
})

test('the whole total is paid, and nothing where nothing is owed', () => {
  const amount = { amountMinor: 19, currency: 'GBP' }
  const state = stateOf([lineOf('A', 2, 5), lineOf('B', 1, 9)])
  expect(paymentOf(state)).toEqual({ reference: 'sag_1', amount, source: 'card_ok' })
  expect(paymentOf(stateOf([lineOf('A', 2, 0)]))).toBeNull()
  const past = stateOf([lineOf('A', 2, 5)], { orderedAt: '2010-12-01T23:59:59.999Z' })
  expect(paymentOf(past)).toMatchObject({ valueDay: '2010-12-01' })
})

test('the order is the quote, and holds no field that was not given', () => {
  const lines = [lineOf('A', 2, 5)]
  const order = { reference: 'sag_1', currency: 'GBP', address: { country: 'GB' }, lines, grossMinor: 10, taxMinor: 0 }
  expect(orderOf(stateOf(lines))).toStrictEqual(order)
  expect(orderOf(stateOf(lines, { externalInvoice: '536365' }))).toStrictEqual({ ...order, externalInvoice: '536365' })
  const shipping = { method: 'post', name: 'Post', grossMinor: 2, netMinor: 2, taxMinor: 0 }
  expect(orderOf(stateOf(lines, { shipping, unstockedSkus: ['B'] }))).toStrictEqual({
    ...order,
    shipping,
    unstockedSkus: ['B'],
  })
})

test('the order is the account’s, unless it is another’s by name', () => {
  const lines = [lineOf('A', 2, 5)]
  expect(orderOf(stateOf(lines, { account: 'acc_1' }))).toMatchObject({ customer: 'acc_1' })
  expect(orderOf(stateOf(lines, { account: 'acc_1', customer: '17850' }))).toMatchObject({ customer: '17850' })
})
