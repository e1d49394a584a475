import { anyone, command, customer, defineContract, query, type RouterOf, saga } from '#platform/contract'
import { address, currency, id, instant, integer, money, slug, text } from '#platform/values'
import { z } from 'zod'

/** A stock keeping unit: upper case whatever the case it came in, at most 64 characters. */
const sku = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9 ._/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces or . _ / -')

/** A cart: its id, and the token that was given out with it and guards it. Its customer, signed in, needs no token. */
const cartRef = z.strictObject({ cartId: id('crt'), token: id('tok').optional() })

const newLine = z.strictObject({
  sku,
  /** Units: 1 to 1,000,000. */
  quantity: integer(1, 1_000_000),
  /** An agreed price per unit, tax included, in the cart's currency. Needs `orders:price`. */
  unitPrice: money.optional(),
})

const cartLine = z.strictObject({
  lineId: id('lin'),
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  unitPrice: money,
  grossMinor: z.int(),
  /**
   * Why it cannot be bought now: the catalog does not sell it, or has no price of it in the cart's currency. It counts for
   * nothing in the totals, and `complete` refuses the cart until it is taken out.
   */
  problem: z.enum(['not_available', 'no_price']).optional(),
})

export const contract = defineContract('checkout', {
  /** Opens a cart, a guest's or that of the customer who is signed in. Of the address only the country is mandatory. */
  createCart: command({
    access: anyone,
    input: z.strictObject({ currency, address: address.optional() }),
    output: z.strictObject({ cartId: id('crt'), token: id('tok') }),
  }),
  /** The open cart that the signed-in customer changed last; null where there is none. */
  mine: query({
    access: customer,
    input: z.strictObject({}),
    output: z.strictObject({ cartId: id('crt').nullable() }),
  }),
  /**
   * Makes a guest's cart the cart of the customer who is signed in: its lines join those of the customer's open cart of the
   * same currency, or the cart itself changes hands. Repeating the call is harmless.
   */
  merge: command({
    access: customer,
    input: z.strictObject({ cartId: id('crt'), token: id('tok') }),
    output: z.strictObject({ cartId: id('crt'), lineCount: z.int() }),
    reasons: ['checkout.unknown_cart', 'checkout.cart_closed', 'checkout.too_many_lines', 'checkout.not_a_customer'],
  }),
  /** Sets where the cart's goods go. A shipping method that does not serve the new country is taken out. */
  setAddress: command({
    access: anyone,
    input: cartRef.extend({ address }),
    output: z.strictObject({ cartId: id('crt') }),
    reasons: ['checkout.unknown_cart', 'checkout.cart_closed'],
  }),
  /** Adds lines, in order; the same SKU may stand twice. A cart holds at most 1,000 lines. */
  addLines: saga({
    access: anyone,
    input: cartRef.extend({ lines: z.array(newLine).min(1).max(1000) }),
    output: z.strictObject({ cartId: id('crt'), lineIds: z.array(id('lin')), lineCount: z.int() }),
    reasons: [
      'checkout.unknown_cart',
      'checkout.cart_closed',
      'checkout.unknown_sku',
      'checkout.not_for_sale',
      'checkout.price_not_allowed',
      'checkout.wrong_currency',
      'checkout.too_many_lines',
    ],
  }),
  /** Takes lines out. Lines that are not there are passed over. */
  removeLines: command({
    access: anyone,
    input: cartRef.extend({ lineIds: z.array(id('lin')).min(1).max(1000) }),
    output: z.strictObject({ cartId: id('crt'), lineCount: z.int() }),
    reasons: ['checkout.unknown_cart', 'checkout.cart_closed'],
  }),
  /** The ways to send this cart and what each costs. Empty where nothing is to be sent or the country has none. */
  shippingMethods: query({
    access: anyone,
    input: cartRef,
    output: z.strictObject({
      methods: z.array(z.strictObject({ code: z.string(), name: z.string(), price: money })),
    }),
    reasons: ['checkout.unknown_cart', 'checkout.address_missing'],
  }),
  /** Chooses how the cart is sent. */
  setShipping: saga({
    access: anyone,
    input: cartRef.extend({ method: slug }),
    output: z.strictObject({ cartId: id('crt'), method: z.string(), price: money }),
    reasons: [
      'checkout.unknown_cart',
      'checkout.cart_closed',
      'checkout.address_missing',
      'checkout.unknown_shipping_method',
    ],
  }),
  /**
   * Keeps the stock of what is in the cart now for 15 minutes, such as while the customer types a card number. Repeated, it
   * keeps what is in the cart then, for 15 minutes more. Buying needs no hold, and survives its end where there is stock.
   */
  hold: saga({
    access: anyone,
    input: cartRef,
    output: z.strictObject({ cartId: id('crt'), expiresAt: z.string().nullable() }),
    reasons: [
      'checkout.unknown_cart',
      'checkout.cart_closed',
      'checkout.cart_empty',
      'checkout.unknown_sku',
      'checkout.not_for_sale',
      'inventory.out_of_stock',
    ],
  }),
  /**
   * The cart with what it costs today, tax included. Without an address it is quoted untaxed. A line that cannot be bought
   * has a `problem`, and the totals are those of the others.
   */
  getCart: query({
    access: anyone,
    input: cartRef,
    output: z.strictObject({
      cartId: id('crt'),
      state: z.enum(['open', 'completing', 'completed']),
      currency: z.string(),
      address: address.nullable(),
      lines: z.array(cartLine),
      /** The chosen shipping method, its price a part of the total. */
      shipping: z.strictObject({ method: z.string(), name: z.string(), grossMinor: z.int() }).nullable(),
      /** Until when its stock is kept; null where it is not, or no longer. */
      heldUntil: z.string().nullable(),
      total: money,
      taxMinor: z.int(),
      orderId: id('ord').nullable(),
    }),
    reasons: ['checkout.unknown_cart', 'pricing.too_much'],
  }),
  /**
   * Buys the cart: reserves the stock, authorises the payment, places the order. Refused, it leaves nothing behind.
   * Where the country has shipping methods one must be chosen, unless nothing is to be sent or the actor holds `orders:price`.
   * `expectedTotal` is what the customer saw; `payment.source` is the provider's token of a card.
   * An order date in the past, an external invoice number and a customer's number need `orders:price`.
   */
  complete: saga({
    access: anyone,
    input: cartRef.extend({
      expectedTotal: money,
      payment: z.strictObject({ source: text({ max: 200 }) }),
      orderedAt: instant.optional(),
      externalInvoice: text({ max: 50 }).optional(),
      customer: text({ max: 100 }).optional(),
    }),
    output: z.strictObject({
      orderId: id('ord'),
      orderNumber: z.int(),
      /** Guards the guest's order, as the cart's token guarded the cart. */
      orderToken: id('tok'),
      total: money,
    }),
    reasons: [
      'checkout.unknown_cart',
      'checkout.cart_closed',
      'checkout.cart_empty',
      'checkout.address_missing',
      'checkout.unknown_sku',
      'checkout.not_for_sale',
      'checkout.wrong_currency',
      'checkout.shipping_missing',
      'checkout.unknown_shipping_method',
      'checkout.price_changed',
      'checkout.not_allowed',
      'checkout.bad_order_date',
      'checkout.payment_declined',
      'pricing.too_much',
      'inventory.out_of_stock',
      'orders.invoice_exists',
      'payments.provider_unavailable',
      'payments.provider_refused',
    ],
  }),
})
export type CheckoutRouter = RouterOf<typeof contract>
