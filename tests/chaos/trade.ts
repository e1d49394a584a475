/**
 * The trade of a chaos run: guests who look around, keep stock, buy, cancel and look up what they bought; staff who receives stock,
 * changes prices, sends parcels, gives money back and rebuilds; double clicks and late repeats of all that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Chance } from '../processes/chance.ts'
import type { Ask, Client, End } from './client.ts'

export type Trade = {
  client: Client
  chance: Chance
  /** Tells this trader's keys from those of others. */
  name: string
  stopping: AbortSignal
}

const pence = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })

/** The last one is scarce: of it there are a few now and then, and many want them. */
export const skus = ['MUG', 'BOWL', 'PLATE', 'LAST-ONE'] as const
const plenty = 1_000_000

/** How cards behave, the plain one most often. */
const cards = [
  ...Array.from({ length: 10 }, () => 'card_ok'),
  'card_declined',
  'card_declined',
  'card_slow_300',
  'card_slow_700',
  'card_hang',
  'card_hang_before',
  'card_hang_capture',
  'card_hang_refund',
  'card_fail_capture_once',
  'card_fail_refund_once',
  'card_duplicate_webhooks',
  'card_duplicate_webhooks',
]
/** To these the provider never answers, however often a purchase is tried: that is told, and is the end of it. */
const silentCards = new Set(['card_hang', 'card_hang_before'])
const fates = ['kept', 'kept', 'cancelled', 'sent', 'sent', 'returned', 'raced'] as const
/** Told of an order that was placed just now. */
const tooEarly = new Set(['fulfilment.unknown_shipment', 'orders.not_paid'])
const tooEarlyTriesMax = 40

/** Puts the goods on sale, before anything goes wrong. Throws where that fails. */
export async function openShop(client: Client): Promise<void> {
  const products = skus.map((sku) => ({
    code: sku,
    name: `The ${sku.toLowerCase()}`,
    variants: [{ sku, price: pence(295), stocked: true }],
  }))
  const lines = skus.slice(0, 3).map((sku) => ({ sku, quantity: plenty }))
  const asks: Omit<Ask, 'key'>[] = [
    { operation: 'catalog.importProducts', input: { products } },
    { operation: 'inventory.receive', input: { reference: 'the first delivery', lines } },
    {
      operation: 'fulfilment.saveMethod',
      input: { code: 'royal-mail', country: 'GB', name: 'Royal Mail', price: pence(395) },
    },
  ]
  for (const [index, what] of asks.entries()) {
    const end = await client.ask({ ...what, key: `opening-of-the-shop-${index}`, asStaff: true })
    if (!('answer' in end)) throw new Error(`The shop could not be opened: ${what.operation} ${JSON.stringify(end)}.`)
  }
}

/** Buys again and again until it is told to stop. */
export async function shop(trade: Trade): Promise<void> {
  for (let number = 1; !trade.stopping.aborted; number += 1) await new Visit(trade, number).go()
}

type Cart = { cartId: string; token: string }
type Bought = { orderId: string; orderToken: string; total: { amountMinor: number } }

/** Looks at what there is, and buys nothing, until told to stop: most who come to a shop do only that. */
export async function look({ client, chance, stopping }: Trade): Promise<void> {
  const asks: Ask[] = [
    { operation: 'catalog.list', input: {} },
    { operation: 'catalog.search', input: { text: 'bowl' } },
    ...skus.map((sku) => ({ operation: 'catalog.get', input: { sku } })),
  ]
  while (!stopping.aborted) {
    await delay(chance(20, 100), undefined, { signal: stopping }).catch(() => undefined)
    await client.ask(asks[chance(0, asks.length - 1)]!)
  }
}

/** One visit of a guest, and what staff does about it. */
class Visit {
  readonly #trade: Trade
  readonly #name: string

  constructor(trade: Trade, number: number) {
    this.#trade = trade
    this.#name = `${trade.name}-visit-${number}`
  }

  async go(): Promise<void> {
    await this.#browse()
    const cart = await this.#fillCart()
    const bought = cart && (await this.#buy(cart))
    if (bought) await this.#live(bought)
  }

  /** Asks as a person does: after a moment, and often with a double click, or once more later. */
  async #ask<Value = any>(
    operation: string,
    input: unknown,
    { step, asStaff = false, final }: { step?: string; asStaff?: boolean; final?: string | undefined } = {},
  ) {
    const { client, chance, stopping } = this.#trade
    await delay(chance(20, 120), undefined, { signal: stopping }).catch(() => undefined)
    const what: Ask = { operation, input, asStaff, final, ...(step !== undefined && { key: `${this.#name}-${step}` }) }
    if (step === undefined) return client.ask<Value>(what)
    const clicks = chance(1, 100)
    if (clicks > 20) return client.ask<Value>(what)
    const both = await Promise.all([client.ask<Value>(what), client.ask<Value>(what)])
    return both.find((end) => 'answer' in end) ?? both[0]
  }

  async #browse(): Promise<void> {
    const { chance } = this.#trade
    if (chance(0, 1) === 1) await this.#ask('catalog.list', {})
    if (chance(0, 2) === 0) await this.#ask('catalog.search', { text: 'mug' })
    await this.#ask('catalog.get', { sku: this.#sku() })
  }

  #sku = () => skus[this.#trade.chance(0, skus.length - 1)]!

  async #fillCart(): Promise<Cart | undefined> {
    const { chance } = this.#trade
    const basket = { currency: 'GBP', address: { country: 'GB' } }
    const cart = answerOf<Cart>(await this.#ask('checkout.createCart', basket, { step: 'cart' }))
    if (!cart) return undefined
    for (let number = chance(1, 2); number > 0; number -= 1) {
      const lines = Array.from({ length: chance(1, 2) }, () => ({ sku: this.#sku(), quantity: chance(1, 3) }))
      const added = await this.#ask('checkout.addLines', { ...cart, lines }, { step: `lines-${number}` })
      if (!answerOf(added)) return undefined
    }
    await this.#ask('checkout.setShipping', { ...cart, method: 'royal-mail' }, { step: 'shipping' })
    if (chance(0, 1) === 1) await this.#ask('checkout.hold', cart, { step: 'hold' })
    return cart
  }

  async #buy(cart: Cart): Promise<Bought | undefined> {
    const { chance } = this.#trade
    const source = cards[chance(0, cards.length - 1)]!
    const final = silentCards.has(source) ? 'payments.provider_unavailable' : undefined
    for (let time = 1; time <= 2; time += 1) {
      const seen = answerOf(await this.#ask('checkout.getCart', cart))
      if (!seen) return undefined
      const purchase = { ...cart, expectedTotal: seen.total, payment: { source } }
      const end = await this.#ask<Bought>('checkout.complete', purchase, { step: `complete-${time}`, final })
      if ('answer' in end) return end.answer
      if (!('refused' in end) || end.refused !== 'checkout.price_changed') return undefined
    }
    return undefined
  }

  async #live({ orderId, orderToken, total }: Bought): Promise<void> {
    const { chance } = this.#trade
    const fate = fates[chance(0, fates.length - 1)]!
    const cancel = () => this.#ask('orders.cancel', { id: orderId, token: orderToken }, { step: 'cancel' })
    if (fate === 'cancelled') await cancel()
    if (fate === 'raced') await Promise.all([cancel(), this.#send(orderId)])
    if (fate === 'sent' || fate === 'returned') await this.#send(orderId)
    if (fate === 'returned') {
      // Twice, under two keys: both parts are given back.
      const amount = pence(chance(1, Math.floor(total.amountMinor / 2)))
      for (const part of ['one', 'two'])
        await this.#ask(
          'orders.refund',
          { id: orderId, amount, reason: 'broken' },
          { step: `refund-${part}`, asStaff: true },
        )
    }
    await this.#ask('orders.get', { id: orderId, token: orderToken })
  }

  async #send(orderId: string): Promise<void> {
    for (let tries = 1; tries <= tooEarlyTriesMax && !this.#trade.stopping.aborted; tries += 1) {
      const end = await this.#ask(
        'fulfilment.ship',
        { orderId, carrier: 'Royal Mail' },
        { step: 'ship', asStaff: true },
      )
      if (!('refused' in end) || !tooEarly.has(end.refused)) return
      await delay(250)
    }
  }
}

/** Receives a few of what is scarce, changes prices, has figures made again, and looks at what there is, until told to stop. */
export async function keepShop({ client, chance, name, stopping }: Trade): Promise<void> {
  for (let number = 1; !stopping.aborted; number += 1) {
    await delay(chance(200, 600), undefined, { signal: stopping }).catch(() => undefined)
    const staff = (operation: string, input: unknown) =>
      client.ask({ operation, input, key: `${name}-${operation}-${number}`, asStaff: true })
    const lines = [{ sku: 'LAST-ONE', quantity: chance(1, 3) }]
    await staff('inventory.receive', { reference: `${name} delivery ${number}`, lines })
    if (number % 10 === 0) await staff('catalog.setPrice', { sku: 'PLATE', price: pence(chance(200, 400)) })
    if (number % 8 === 0) await staff('reporting.rebuild', { dryRun: number % 16 === 0 })
    if (number % 5 === 0) await client.ask({ operation: 'inventory.levels', input: { skus }, asStaff: true })
  }
}

export const answerOf = <Value = any>(end: End<Value>): Value | undefined => ('answer' in end ? end.answer : undefined)
