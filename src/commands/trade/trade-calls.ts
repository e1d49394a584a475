/** The part of the public router that the trade uses, as a stock tRPC client shows it. */
type Mutation<Input, Output> = {
  mutate: (input: Input, options: { context: { idempotencyKey: string } }) => Promise<Output>
}
type Query<Input, Output> = { query: (input: Input) => Promise<Output> }
type Money = { amountMinor: number; currency: string }
type CartRef = { cartId: string; token: string }

export type TradeCalls = {
  catalog: {
    importProducts: Mutation<{ products: { sku: string; name: string; price: Money; stocked: boolean }[] }, unknown>
  }
  inventory: { receive: Mutation<{ reference: string; lines: { sku: string; quantity: number }[] }, unknown> }
  checkout: {
    createCart: Mutation<{ currency: string }, CartRef>
    addLines: Mutation<CartRef & { lines: { sku: string; quantity: number; unitPrice: Money }[] }, unknown>
    complete: Mutation<
      CartRef & {
        address: { country: string }
        expectedTotal: Money
        orderedAt: string
        invoice: string
        customer?: string
      },
      unknown
    >
  }
  orders: { byInvoices: Query<{ invoices: string[] }, { invoices: string[] }> }
}
