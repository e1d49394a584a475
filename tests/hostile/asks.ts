/** What the public face is asked by those who mean no good, or cannot do better, and the reason that each must be given. */
/** What the asks are about: a hall with keys, and a guest's cart of one mug. */
export type World = {
  cart: { cartId: string; token: string }
  emptyCart: { cartId: string; token: string }
  /** A cart in another currency, that goes nowhere yet. */
  euroCart: { cartId: string; token: string }
  /** What somebody else has bought. */
  order: { id: string }
  /** A key that may only read the catalog's neighbours. */
  readerKey: string
  /** An idempotency key under which a guest has opened a cart and added lines. */
  usedKey: string
  webhookSecret: string
}

export type Ask = {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
}
export type Case = { name: string; ask: Ask | ((world: World) => Ask); status: number; reason: string }

export const post = (operation: string, input: unknown, headers: Record<string, string> = {}): Ask => ({
  method: 'POST',
  path: `/trpc/${operation}`,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof input === 'string' ? input : JSON.stringify(input),
})
export const get = (operation: string, input: unknown): Ask => ({
  path: `/trpc/${operation}?input=${encodeURIComponent(JSON.stringify(input))}`,
})
export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
export const keyed = (key: string) => ({ 'idempotency-key': key })

export const euro = { currency: 'EUR' }
export const price = { amountMinor: 100, currency: 'GBP' }
export const addLine = (line: object) => (world: World) => post('checkout.addLines', { ...world.cart, lines: [line] })
export const purchase = (more: object, headers?: Record<string, string>) => (world: World) => {
  const expectedTotal = { amountMinor: 295, currency: 'GBP' }
  return post('checkout.complete', { ...world.cart, expectedTotal, payment: { source: 'card_ok' }, ...more }, headers)
}
