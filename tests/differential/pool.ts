/**
 * What the halls are known to hold: ids, SKU, references and the like, learnt from what they answered (and from the
 * inputs that they took), so that generated inputs name things that exist. All halls answered the same, so one pool
 * serves them.
 */
type Fields = Record<string, unknown>

const keptMax = 24
const idForm = /^([a-z]{3})_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Fields whose texts are worth asking with again, and under which name they are kept. */
const named: Record<string, string> = {
  sku: 'sku',
  skus: 'sku',
  code: 'sku',
  reference: 'reference',
  keyHash: 'keyHash',
  externalInvoice: 'externalInvoice',
  externalInvoices: 'externalInvoice',
  customer: 'customer',
  email: 'email',
  password: 'password',
  refreshToken: 'refreshToken',
  slug: 'slug',
  nextCursor: 'cursor',
}

export class Pool {
  readonly #isKeptApart: (text: string) => boolean
  readonly #texts = new Map<string, string[]>()
  /** Fields that only mean something together, such as a cart and the token that guards it, by their names. */
  readonly #together = new Map<string, Fields[]>()
  /** What a cart cost when it was last looked at. */
  readonly totals = new Map<unknown, unknown>()

  /** What is kept apart is never learnt. */
  constructor(isKeptApart: (text: string) => boolean) {
    this.#isKeptApart = isKeptApart
  }

  /** The texts kept under a name, or for an id under its prefix: `id:ord`. */
  texts(name: string): readonly string[] {
    return this.#texts.get(name) ?? []
  }

  /** The groups kept under `cartId,token` and the like. */
  together(names: string): readonly Fields[] {
    return this.#together.get(names) ?? []
  }

  /** Learns from a call that succeeded. */
  learn(path: string, input: unknown, answer: unknown): void {
    this.#walk(input, '')
    this.#walk(answer, '')
    if (path === 'checkout.getCart')
      this.totals.set((answer as Fields)['cartId'], structuredClone((answer as Fields)['total']))
    if (path === 'checkout.createCart')
      this.#keep(this.#together, 'cartId,token', pick(answer, { cartId: 'cartId', token: 'token' }))
    if (path === 'checkout.complete')
      this.#keep(this.#together, 'id,token', pick(answer, { id: 'orderId', token: 'orderToken' }))
  }

  #walk(value: unknown, field: string): void {
    if (typeof value === 'string') {
      if (this.#isKeptApart(value)) return
      const prefix = idForm.exec(value)?.[1]
      const name = prefix === undefined ? named[field] : `id:${prefix}`
      if (name !== undefined) this.#keep(this.#texts, name, value)
    } else if (Array.isArray(value)) {
      for (const item of value) this.#walk(item, field)
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, child] of Object.entries(value)) this.#walk(child, name)
    }
  }

  #keep<Value>(kept: Map<string, Value[]>, name: string, value: Value): void {
    const values = kept.get(name) ?? []
    if (values.includes(value)) return
    values.push(value)
    if (values.length > keptMax) values.shift()
    kept.set(name, values)
  }
}

const pick = (from: unknown, names: Record<string, string>): Fields =>
  Object.fromEntries(Object.entries(names).map(([to, name]) => [to, (from as Fields)[name]]))
