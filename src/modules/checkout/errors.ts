import { DomainError, unavailable } from '#platform/errors'
import type { Money } from '#platform/values'

const sentence = (money: Money) => `${money.amountMinor} ${money.currency} (minor units)`

// The same for a cart that is not there and for a wrong token: a cart's existence is not told.
export const unknownCart = (cartId: string) =>
  new DomainError('checkout.unknown_cart', 'NOT_FOUND', `There is no cart ${cartId} with this token.`)

export const cartClosed = (cartId: string) =>
  new DomainError('checkout.cart_closed', 'CONFLICT', `Cart ${cartId} is being bought, or was bought, and is closed.`)

export const cartEmpty = (cartId: string) =>
  new DomainError(
    'checkout.cart_empty',
    'PRECONDITION_FAILED',
    `Cart ${cartId} has no lines, so there is nothing to buy.`,
  )

export const addressMissing = (cartId: string) =>
  new DomainError(
    'checkout.address_missing',
    'PRECONDITION_FAILED',
    `Cart ${cartId} has no address; at least its country is needed.`,
  )

const namesMax = 5

/** Names at most five of them. */
function someOf(names: readonly string[]): string {
  const more = names.length - namesMax
  return names.slice(0, namesMax).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

export const unknownSku = (skus: readonly string[]) =>
  new DomainError('checkout.unknown_sku', 'UNPROCESSABLE_CONTENT', `The catalog does not have ${someOf(skus)}.`)

export const notForSale = (skus: readonly string[]) =>
  new DomainError('checkout.not_for_sale', 'UNPROCESSABLE_CONTENT', `Not for sale at present: ${someOf(skus)}.`)

export const priceNotAllowed = () =>
  new DomainError(
    'checkout.price_not_allowed',
    'FORBIDDEN',
    'Agreed unit prices need the permission orders:price, which whoever asks does not hold.',
  )

export const notAllowed = () =>
  new DomainError(
    'checkout.not_allowed',
    'FORBIDDEN',
    'An order date, an external invoice and a customer need the permission orders:price, which whoever asks does not hold.',
  )

export const badOrderDate = (orderedAt: string) =>
  new DomainError('checkout.bad_order_date', 'UNPROCESSABLE_CONTENT', `The order date ${orderedAt} lies in the future.`)

export const wrongCurrency = (what: string) =>
  new DomainError('checkout.wrong_currency', 'UNPROCESSABLE_CONTENT', `${what} must be in the currency of the cart.`)

export const tooManyLines = (limit: number) =>
  new DomainError('checkout.too_many_lines', 'UNPROCESSABLE_CONTENT', `A cart holds at most ${limit} lines.`)

export const priceChanged = (total: Money) =>
  new DomainError(
    'checkout.price_changed',
    'CONFLICT',
    `The cart now costs ${sentence(total)}. Look again, and confirm.`,
  )

export const cartChanged = (cartId: string) =>
  new DomainError(
    'checkout.price_changed',
    'CONFLICT',
    `Cart ${cartId} was changed while it was being bought. Look again, and confirm.`,
  )

export const notACustomer = () =>
  new DomainError(
    'checkout.not_a_customer',
    'FORBIDDEN',
    'A cart is merged for a customer who is signed in; an API key is none.',
  )

export const unknownShippingMethod = (method: string) =>
  new DomainError(
    'checkout.unknown_shipping_method',
    'UNPROCESSABLE_CONTENT',
    `The country of the cart has no shipping method ${method}. Ask for the methods that there are, and choose one.`,
  )

export const shippingMissing = (methods: readonly string[]) =>
  new DomainError(
    'checkout.shipping_missing',
    'PRECONDITION_FAILED',
    `Choose how the cart is sent: ${someOf(methods)}.`,
  )

/** A statement refused the cart, and would not now: somebody else has changed it between that and a second look. */
export const changedMeanwhile = (cartId: string) =>
  unavailable(`Cart ${cartId} was changed at the same moment. Ask again.`)

export const paymentDeclined = (declineReason: string | null) =>
  new DomainError(
    'checkout.payment_declined',
    'PAYMENT_REQUIRED',
    `The payment was declined${declineReason === null ? '' : ` (${declineReason})`}. Nothing was bought.`,
  )
