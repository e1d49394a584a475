/**
 * How processes of one hall know each other, without a signature per call.
 *
 * A process introduces itself with a token: who it is, and which modules it hosts, signed with the hall's key (Ed25519, derived from its
 * secret). The token goes along with each request, and is checked once. What is said under it carries a number that is good once, and
 * an HMAC under a key that follows from the token and the secret. So nobody else can call, what is overheard cannot be said again to whom
 * it was said, and a process speaks for its own modules only. Nothing need be agreed on first: any instance behind an address understands any request.
 */
import { createHmac, createPublicKey, createSecretKey, type KeyObject, randomUUID, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { BoundedMap } from '../bounded-map.ts'
import { ed25519KeyOf } from '../ed25519.ts'
import { claimsIn, signClaims } from './signed-claims.ts'

/** A process as it introduces itself. */
export type ProcessIdentity = {
  process: string
  /** For whom it speaks: the modules that it hosts. */
  modules: readonly string[]
  /** Whether it also speaks for the gateway, and for the clients in front of it. */
  gateway: boolean
}

const claimsSchema = z.strictObject({
  process: z.string(),
  modules: z.array(z.string()),
  gateway: z.boolean(),
  session: z.string(),
  /** Until when it may be used, in Unix milliseconds. */
  until: z.number(),
})

const tokenMs = 3_600_000
/** By how much the clocks of two machines may differ. */
const skewMs = 300_000

/** Of a request: text, or the bytes of it. */
type Body = string | Uint8Array

type HallKey = { secret: string; privateKey: KeyObject; publicKey: KeyObject }

function hallKeyOf(secret: string): HallKey {
  const privateKey = ed25519KeyOf(`${secret} between processes`)
  return { secret, privateKey, publicKey: createPublicKey(privateKey) }
}

// Made once: from a key in bytes Node makes such an object anew for each HMAC, which costs four times the HMAC itself.
const keyOf = ({ secret }: HallKey, token: string): KeyObject =>
  createSecretKey(createHmac('sha256', secret).update(`between processes\n${token}`).digest())

const macOf = (key: KeyObject, number: number, body: Body): string =>
  createHmac('sha256', key).update(`${number}\n`).update(body).digest('base64url')

/** Makes what a request with this body must carry, in the name of a process. */
export function createSealer(secret: string, self: ProcessIdentity): (body: Body) => { token: string; seal: string } {
  const hallKey = hallKeyOf(secret)
  let token: { text: string; key: KeyObject; renewAt: number } | undefined
  let last = 0
  const begin = () => {
    const { process, modules, gateway } = self
    const claims = { process, modules, gateway, session: randomUUID(), until: Date.now() + tokenMs }
    const signed = signClaims(claims, hallKey.privateKey)
    last = 0
    return { text: signed, key: keyOf(hallKey, signed), renewAt: Date.now() + tokenMs / 2 }
  }
  return (body) => {
    if (token === undefined || token.renewAt <= Date.now()) token = begin()
    last += 1
    return { token: token.text, seal: `${last}.${macOf(token.key, last, body)}` }
  }
}

/** A process that calls, as its callee knows it. */
export type Caller = {
  process: string
  /** Whether it may speak for this caller: one of its modules, or a client where it is a gateway. */
  speaksFor(caller: string): boolean
  /** Ends queries that nobody waits for any more, by the number that the caller gave them. */
  running: Map<number, AbortController>
}

type Known = Caller & { key: KeyObject; until: number; seen: SeenNumbers }

const callersMax = 10_000

/** Those who call a process. */
export class Callers {
  readonly #hallKey: HallKey
  readonly #isOutside: (caller: string) => boolean
  readonly #known = new BoundedMap<string, Known>(callersMax)

  constructor(secret: string, isOutside: (caller: string) => boolean) {
    this.#hallKey = hallKeyOf(secret)
    this.#isOutside = isOutside
  }

  /**
   * Who sent this body; undefined where that is no process of the hall, or it was said before. `stale`: so many came before it that nobody
   * remembers whether it did; it may be sent again under a new number.
   */
  find({ token, seal, body }: { token: string; seal: string; body: Body }): Caller | 'stale' | undefined {
    const known = this.#known.get(token) ?? this.#introduced(token)
    if (known === undefined || known.until + skewMs < Date.now()) return undefined
    const [number = '', mac = ''] = seal.split('.')
    const given = Buffer.from(mac)
    const expected = Buffer.from(macOf(known.key, Number(number), body))
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const seen = known.seen.see(Number(number))
    return seen === 'new' ? known : seen === 'stale' ? 'stale' : undefined
  }

  #introduced(token: string): Known | undefined {
    const claims = claimsIn(token, this.#hallKey.publicKey)
    if (claims === undefined) return undefined
    const { process, modules, gateway, until } = claimsSchema.parse(claims)
    const named: ReadonlySet<string> = new Set(gateway ? [...modules, 'gateway'] : modules)
    const known: Known = {
      process,
      speaksFor: (caller) => named.has(caller) || (gateway && this.#isOutside(caller)),
      running: new Map(),
      key: keyOf(this.#hallKey, token),
      until,
      seen: new SeenNumbers(),
    }
    this.#known.set(token, known)
    return known
  }
}

/** How far behind the newest a number may arrive: requests of one caller overtake each other on their connections. */
const seenMax = 4096

/** Tells numbers that are seen for the first time, of a sequence whose members overtake each other a little. */
class SeenNumbers {
  readonly #seen = new Set<number>()
  #highest = 0

  see(number: number): 'new' | 'stale' | 'seen' {
    if (!Number.isSafeInteger(number) || this.#seen.has(number)) return 'seen'
    if (number <= this.#highest - seenMax) return 'stale'
    this.#seen.add(number)
    if (number > this.#highest) {
      for (let old = this.#highest - seenMax + 1; old <= number - seenMax; old += 1) this.#seen.delete(old)
      this.#highest = number
    }
    return 'new'
  }
}
