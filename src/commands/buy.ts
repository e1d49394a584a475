import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type HallCalls, keyed } from './hall-calls.ts'
import { priceOf } from './money.ts'
import { parseCountry, parseCurrency, parseHallUrl, parsePurchase } from './options.ts'
import { repeatCall } from './repeat-call.ts'
import type { Tool } from './tool.ts'

/** A hall that restarts in the middle of a purchase is waited for this long. */
const PATIENCE_MS = 20_000
/** The money is taken by a job, which is done in an instant. */
const PAID_MS_MAX = 3_000
const PAID_PAUSE_MS = 50

type Line = { sku: string; quantity: number }
type BuyOptions = { country: string; currency?: string; email: string; card: string; url?: string; json?: true }
type Bought = { orderId: string; orderNumber: number; orderToken: string; total: Money; state: string }
type Money = { amountMinor: number; currency: string }

export function register(program: Command, tool: Tool): void {
  program
    .command('buy')
    .description('buys things as a guest, with a card of the payment sandbox')
    .argument('<sku[:quantity]...>', 'what to buy, such as MUG-STONE-BLUE:2', parsePurchase)
    .option('--country <code>', 'where to send it', parseCountry, 'GB')
    .option('--currency <code>', 'what to pay in; without it GBP to GB, and EUR elsewhere', parseCurrency)
    .option('--email <address>', 'where to reach the guest', 'guest@example.com')
    .option('--card <token>', 'the card; card_declined is one that is declined', 'card_demo')
    .option('--url <url>', 'the hall to buy from; without it the one on this machine', parseHallUrl)
    .option('--json', 'print one line of JSON and nothing else')
    .action((lines: Line[], options: BuyOptions) => buy(tool, lines, options))
}

async function buy(tool: Tool, lines: Line[], options: BuyOptions): Promise<void> {
  const { url, json } = options
  const calls = await tool.reach({ as: 'guest', ...(url !== undefined && { url }) })
  const bought = await checkOut(calls, lines, options)
  if (json === true) return tool.terminal.out(JSON.stringify(bought))
  tool.terminal.out(
    `Order ${bought.orderNumber} over ${priceOf(bought.total)} is ${bought.state}. Its id is ${bought.orderId}.`,
  )
}

/** Buys as a storefront does, in eight requests. Each is repeated under its own key until the hall answers. */
async function checkOut({ checkout, orders }: HallCalls, lines: Line[], options: BuyOptions): Promise<Bought> {
  const { country, email, card, currency = country === 'GB' ? 'GBP' : 'EUR' } = options
  const purchase = randomUUID()
  const does = <T>(step: string, call: (key: ReturnType<typeof keyed>) => Promise<T>) =>
    repeatCall(() => call(keyed(`buy:${purchase}:${step}`)), { patienceMs: PATIENCE_MS })
  const asks = <T>(call: () => Promise<T>) => repeatCall(call, { patienceMs: PATIENCE_MS })

  const cart = await does('cart', (key) => checkout.createCart.mutate({ currency }, key))
  await does('lines', (key) => checkout.addLines.mutate({ ...cart, lines }, key))
  const address = { country, email, name: 'A. Guest' }
  await does('address', (key) => checkout.setAddress.mutate({ ...cart, address }, key))
  const { methods } = await asks(() => checkout.shippingMethods.query(cart))
  const method = methods[0]?.code
  if (method !== undefined) await does('shipping', (key) => checkout.setShipping.mutate({ ...cart, method }, key))
  const { total } = await asks(() => checkout.getCart.query(cart))
  const completion = { ...cart, expectedTotal: total, payment: { source: card } }
  const { orderId, orderNumber, orderToken } = await does('complete', (key) =>
    checkout.complete.mutate(completion, key),
  )
  const state = await statePaid(() => asks(() => orders.get.query({ id: orderId, token: orderToken })))
  return { orderId, orderNumber, orderToken, total, state }
}

/** The order's state: once it is paid, or what it is after a while, such as where money is taken on shipping. */
async function statePaid(ask: () => Promise<{ state: string }>): Promise<string> {
  const waitUntil = performance.now() + PAID_MS_MAX
  for (;;) {
    const { state } = await ask()
    if (state !== 'placed' || performance.now() > waitUntil) return state
    await sleep(PAID_PAUSE_MS)
  }
}
