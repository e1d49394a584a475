/**
 * Buying a cart: the saga of the hall. Its id is the reference under which neighbours keep the reservation, the payment
 * and the order, so there is one of each per saga, for ever.
 *
 * A `request` is computed from the input and the quote alone, so that a repeat, in whatever process, asks for the same.
 * A request of null asks for nothing: nothing in the cart is stocked, or the cart is free.
 */
import type { AnswerOf } from '#platform/contract'
import { sagaOf, type SagaState } from '#platform/saga/saga'
import type { Checkout } from './calls.ts'
import { claimCart, closeCart, giveCartBack } from './claim-cart.ts'
import type { contract } from './contract.ts'
import { paymentDeclined } from './errors.ts'
import { quotePurchase, type Complete, type Purchase } from './quote-purchase.ts'

type Results = {
  quote: Purchase
  claim: null
  reserve: { reservationId: string } | null
  authorise: { paymentId: string } | null
  place: { orderId: string; orderNumber: number; orderToken: string }
  close: null
}
type State = SagaState<Complete, Results>

const { ask, step, pivot, local, define } = sagaOf<Checkout, Complete, Results>()

/** The stock to reserve, line by line. */
export function reservationOf({ sagaId, done }: State) {
  const unstocked = new Set(done.quote.unstockedSkus)
  const lines = done.quote.lines
    .filter(({ sku }) => !unstocked.has(sku))
    .map(({ sku, quantity }) => ({ sku, quantity }))
  const hold = done.quote.holdReference
  return lines.length === 0 ? null : { reference: sagaId, lines, ...(hold !== null && { hold }) }
}

/** The payment to authorise: the whole of the total. An order of the past is booked on its own day. */
export function paymentOf({ sagaId, input, done }: State) {
  const { grossMinor: amountMinor, currency } = done.quote
  if (amountMinor === 0) return null
  const { orderedAt, payment } = input
  return {
    reference: sagaId,
    amount: { amountMinor, currency },
    source: payment.source,
    ...(orderedAt !== undefined && { valueDay: orderedAt.slice(0, 'YYYY-MM-DD'.length) }),
  }
}

/** The order to place: a snapshot of the quote. */
export function orderOf({ sagaId, input, done }: State) {
  const { currency, address, lines, shipping, unstockedSkus, grossMinor, taxMinor, account } = done.quote
  const { orderedAt, externalInvoice, customer = account } = input
  return {
    reference: sagaId,
    currency,
    address,
    lines,
    grossMinor,
    taxMinor,
    ...(shipping && { shipping }),
    ...(unstockedSkus.length > 0 && { unstockedSkus }),
    ...(orderedAt !== undefined && { orderedAt }),
    ...(externalInvoice !== undefined && { externalInvoice }),
    ...(customer !== null && { customer }),
  }
}

export const complete = define<AnswerOf<(typeof contract)['operations']['complete']>>({
  steps: [
    ask('quote', { request: ({ input }) => input, do: quotePurchase }),
    local('claim', {
      do: (ctx, { input, done }) => claimCart(ctx, input, done.quote.cartVersion),
      undo: (ctx, { input }) => giveCartBack(ctx, input),
    }),
    // Reserve before charging: releasing stock is free, refunding a card is not.
    step('reserve', {
      request: reservationOf,
      do: async ({ calls }, wanted) => wanted && calls.inventory.reserve.mutate(wanted),
      undo: async ({ calls }, wanted) => wanted && calls.inventory.release.mutate({ reference: wanted.reference }),
    }),
    step('authorise', {
      request: paymentOf,
      do: async ({ calls }, wanted) => {
        if (wanted === null) return null
        const { paymentId, status, declineReason } = await calls.payments.authorise.mutate(wanted)
        if (status === 'declined') throw paymentDeclined(declineReason)
        return { paymentId }
      },
      undo: async ({ calls }, wanted) => wanted && calls.payments.void.mutate({ reference: wanted.reference }),
    }),
    pivot('place', { request: orderOf, do: ({ calls }, order) => calls.orders.place.mutate(order) }),
    // From here on only forward. The money is captured, and the stock leaves, by what the order leads to.
    local('close', { do: (ctx, { input, done }) => closeCart(ctx, input, done.place.orderId) }),
  ],
  answer: ({ done: { quote, place } }) => ({
    ...place,
    total: { amountMinor: quote.grossMinor, currency: quote.currency },
  }),
})
