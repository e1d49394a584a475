import { createHash } from 'node:crypto'
import { hallFailure, repeatCall, type RepeatOptions } from '../repeat-call.ts'
import type { HallClient } from './hall-client.ts'
import { TRADE_CURRENCY, type TradeInvoice } from './invoice.ts'
import type { TradeCalls } from './trade-calls.ts'

/** The refusal of a second order for an invoice: the guard that outlives every idempotency record. */
const INVOICE_EXISTS = 'orders.invoice_exists'

const money = (amountMinor: number) => ({ amountMinor, currency: TRADE_CURRENCY })

/**
 * Trades through the public API. Idempotency keys come from the invoice's number alone, so a run that was killed and one
 * that comes after it speak of the same cart and the same saga; a call is repeated under its key until the hall answers.
 */
export function createHttpHallClient(calls: TradeCalls, options: RepeatOptions): HallClient {
  const repeat = <T>(key: string, call: (options: { context: { idempotencyKey: string } }) => Promise<T>) =>
    repeatCall(() => call({ context: { idempotencyKey: key } }), options)
  return {
    async importProducts(products) {
      const input = {
        products: products.map(({ sku, name, listPriceMinor, stocked }) => ({
          sku,
          name,
          stocked,
          price: money(listPriceMinor),
        })),
      }
      // A batch has no number of its own, so its key is its content.
      await repeat(`trade:products:${digest(input)}`, (context) => calls.catalog.importProducts.mutate(input, context))
    },
    async placedInvoices(invoices) {
      return new Set((await repeatCall(() => calls.orders.byInvoices.query({ invoices }), options)).invoices)
    },
    async receiveStock(invoice, lines) {
      const input = { reference: invoice, lines }
      await repeat(`trade:${invoice}:stock`, (context) => calls.inventory.receive.mutate(input, context))
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

type Repeat = <T>(key: string, call: (options: { context: { idempotencyKey: string } }) => Promise<T>) => Promise<T>

async function checkOut(sale: TradeInvoice, { checkout }: TradeCalls, repeat: Repeat): Promise<void> {
  const key = (step: string) => `trade:${sale.invoice}:${step}`
  const created = await repeat(key('cart'), (context) =>
    checkout.createCart.mutate({ currency: TRADE_CURRENCY }, context),
  )
  const cart = { cartId: created.cartId, token: created.token }
  const lines = sale.lines.map(({ sku, quantity, unitPriceMinor }) => ({
    sku,
    quantity,
    unitPrice: money(unitPriceMinor),
  }))
  await repeat(key('lines'), (context) => checkout.addLines.mutate({ ...cart, lines }, context))
  const completion = {
    ...cart,
    address: { country: sale.country },
    expectedTotal: money(sale.grossMinor),
    orderedAt: sale.placedAt,
    invoice: sale.invoice,
    ...(sale.customer !== null && { customer: sale.customer }),
  }
  await repeat(key('complete'), (context) => checkout.complete.mutate(completion, context))
}

const digest = (input: unknown) => createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 32)
