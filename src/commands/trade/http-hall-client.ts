import { createHash } from 'node:crypto'
import { keyed, type HallCalls } from '../hall-calls.ts'
import { hallFailure, repeatCall, type RepeatOptions } from '../repeat-call.ts'
import type { HallClient } from './hall-client.ts'
import { TRADE_CURRENCY, type TradeInvoice } from './invoice.ts'

/** The refusal of a second order for an invoice: the guard that outlives every idempotency record. */
const INVOICE_EXISTS = 'orders.invoice_exists'
/** The card that pays for every sale; a payment provider's sandbox accepts it. */
const CARD = 'card_trade'

type Repeat = <T>(key: string, call: (option: ReturnType<typeof keyed>) => Promise<T>) => Promise<T>

const money = (amountMinor: number) => ({ amountMinor, currency: TRADE_CURRENCY })

/**
 * Trades through the public API. Idempotency keys come from the invoice's number alone, so a run that was killed and one
 * that comes after it speak of the same cart and the same saga; a call is repeated under its key until the hall answers.
 */
export function createHttpHallClient(calls: HallCalls, options: RepeatOptions): HallClient {
  const repeat: Repeat = (key, call) => repeatCall(() => call(keyed(key)), options)
  return {
    async importProducts(products) {
      const input = {
        products: products.map(({ sku, name, listPriceMinor, stocked }) => ({
          code: sku,
          name,
          variants: [{ sku, price: money(listPriceMinor), stocked }],
        })),
      }
      // A batch has no number of its own, so its key is its content.
      await repeat(`trade:products:${digest(input)}`, (option) => calls.catalog.importProducts.mutate(input, option))
    },
    async placedInvoices(externalInvoices) {
      const { orders } = await repeatCall(() => calls.orders.findInvoices.query({ externalInvoices }), options)
      return new Map(
        orders.flatMap(({ externalInvoice, lineCount, total }) =>
          externalInvoice === null ? [] : [[externalInvoice, { lines: lineCount, grossMinor: total.amountMinor }]],
        ),
      )
    },
    async receiveStock(invoice, lines) {
      const input = { reference: invoice, lines }
      await repeat(`trade:${invoice}:stock`, (option) => calls.inventory.receive.mutate(input, option))
    },
    async placeSale(sale) {
      try {
        await checkOut(sale, calls, repeat)
        return 'placed'
      } catch (error) {
        if (hallFailure(error)?.reason === INVOICE_EXISTS) return 'already'
        throw error
      }
    },
  }
}

async function checkOut(sale: TradeInvoice, { checkout }: HallCalls, repeat: Repeat): Promise<void> {
  const key = (step: string) => `trade:${sale.invoice}:${step}`
  const basket = { currency: TRADE_CURRENCY, address: { country: sale.country } }
  const { cartId, token } = await repeat(key('cart'), (option) => checkout.createCart.mutate(basket, option))
  const lines = sale.lines.map(({ sku, quantity, unitPriceMinor }) => ({
    sku,
    quantity,
    unitPrice: money(unitPriceMinor),
  }))
  await repeat(key('lines'), (option) => checkout.addLines.mutate({ cartId, token, lines }, option))
  const completion = {
    cartId,
    token,
    expectedTotal: money(sale.grossMinor),
    payment: { source: CARD },
    orderedAt: sale.placedAt,
    externalInvoice: sale.invoice,
    ...(sale.customer !== null && { customer: sale.customer }),
  }
  await repeat(key('complete'), (option) => checkout.complete.mutate(completion, option))
}

const digest = (input: unknown) => createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 32)
