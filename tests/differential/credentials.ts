/**
 * Those who ask, and what each shows at the public door. The door takes nobody's word for it, so identity knows them all: the owner, a
 * customer, and services, which get their keys when they first ask. Ids derive from requests, so they are known beforehand.
 */
import { createHash } from 'node:crypto'
import { apiKeyPrefix, hashApiKey } from '#platform/api-key'
import { derivedIds } from '#platform/ids'
import { type Actor, guest } from '#platform/values'
import type { Call, Outcome } from './ask.ts'

const requests = {
  owner: 'req_the-owner',
  customer: 'req_the-customer',
  service: (permissions: readonly string[]) => `req_service:${permissions.join('.')}`,
}
const idMadeIn = (prefix: string, requestId: string) => derivedIds()(prefix, { module: 'identity', requestId })

type Known = Extract<Actor, { id: string }>

export const owner: Known = { kind: 'staff', id: idMadeIn('key', requests.owner), permissions: ['*'] }
export const customer: Known = { kind: 'customer', id: idMadeIn('acc', requests.customer) }
export const service = (...permissions: string[]): Known => ({
  kind: 'service',
  id: idMadeIn('key', requests.service(permissions)),
  permissions,
})
const account = { email: 'the.customer@example.com', password: 'the password of the customer' }

const apiKeyOf = (id: string) => apiKeyPrefix + createHash('sha256').update(id).digest('base64url').slice(0, 32)

type CallAll = (call: Call) => Promise<Outcome>
type Session = { accessToken: string; accessTokenExpiresAt: string; refreshToken: string }

export class Credentials {
  readonly #callAll: CallAll
  readonly #now: () => string
  readonly #introduced = new Map<string, Promise<string>>()
  #session: Session | undefined

  /** `callAll` makes a call in all halls. */
  constructor(callAll: CallAll, now: () => string) {
    this.#callAll = callAll
    this.#now = now
  }

  /** Makes the owner and the customer known. */
  async introduce(): Promise<void> {
    const opening = { actor: owner, caller: 'gateway', requestId: requests.owner }
    await this.#must({ path: 'identity.ensureOwner', input: { keyHash: hashApiKey(apiKeyOf(owner.id)) }, ...opening })
    const registering = { actor: guest, requestId: requests.customer }
    const registered = await this.#must({ path: 'identity.register', input: account, ...registering })
    if (registered.id !== customer.id) throw new Error('The customer has another id than expected.')
  }

  /** What an actor shows in `Authorization`; undefined where nobody could show that he is this one. */
  async of(actor: Actor): Promise<string | undefined> {
    if (actor.kind === 'guest') return ''
    if (actor.kind === 'system') return undefined
    if (actor.id === owner.id) return `Bearer ${apiKeyOf(actor.id)}`
    if (actor.kind === 'customer') return actor === customer ? `Bearer ${await this.#accessToken()}` : undefined
    if (actor.kind !== 'service') return undefined
    const known = this.#introduced.get(actor.id) ?? this.#introduceService(actor)
    this.#introduced.set(actor.id, known)
    return `Bearer ${await known}`
  }

  async #introduceService({ id, permissions }: Extract<Actor, { permissions: string[] }>): Promise<string> {
    const key = apiKeyOf(id)
    const input = { name: `a service, ${permissions.join(' ')}`, permissions, keyHash: hashApiKey(key) }
    const made = { actor: owner, requestId: requests.service(permissions) }
    const { id: given } = await this.#must({ path: 'identity.createApiKey', input, ...made })
    if (given !== id) throw new Error(`The key of ${id} has another id than expected.`)
    return key
  }

  /** Clocks go fast here, and a token is good for ten minutes. */
  async #accessToken(): Promise<string> {
    if (this.#session === undefined || this.#session.accessTokenExpiresAt <= this.#now())
      this.#session = await this.#must(
        this.#session === undefined
          ? { path: 'identity.logIn', input: account, actor: guest }
          : { path: 'identity.refresh', input: { refreshToken: this.#session.refreshToken }, actor: guest },
      )
    return this.#session!.accessToken
  }

  async #must(call: Call): Promise<any> {
    const outcome = await this.#callAll(call)
    if (!outcome.ok) throw new Error(`${call.path} was refused everywhere: ${outcome.reason}`)
    return outcome.value
  }
}

/** What generated calls must leave alone: with the rest of the pool they end sessions, revoke keys and make customers staff. */
export const keptApart = (text: string): boolean =>
  [customer.id, account.email, account.password].includes(text) || text.startsWith('key_')
