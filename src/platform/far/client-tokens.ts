/**
 * Tokens for stock tRPC clients, which can show nothing but a header that stays the same: with one they call a process as a module
 * does, and for the actor that it names, for some minutes.
 *
 * Whoever holds the hall's secret makes them (`hall token`), as he could introduce himself as a process. They are signed with a key
 * of their own: what processes say to each other can be overheard where it is not encrypted, and must not pass for one of these.
 */
import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { BoundedMap } from '../bounded-map.ts'
import { ed25519KeyOf } from '../ed25519.ts'
import { actor } from '../values.ts'
import { claimsIn, signClaims } from './signed-claims.ts'

const introduced = z.object({
  /** Whose name its certificate must bear, where there are certificates. */
  process: z.string(),
  /** The module in whose name it calls. */
  caller: z.string(),
  actor,
  /** Until when it may be used, in Unix milliseconds. */
  until: z.number(),
})
/** A client as it was introduced: who it is, for which module it calls, and for whom. */
export type Introduced = z.infer<typeof introduced>

export const clientTokenMinutesMax = 60
const knownMax = 1_000

const keyFrom = (secret: string) => ed25519KeyOf(`${secret} for clients of processes`)

/** Makes a token that is good for so many minutes, 60 at most. */
export function createClientToken(
  secret: string,
  { process, caller, actor: who, minutes }: Omit<Introduced, 'until'> & { minutes: number },
): string {
  if (!(minutes > 0 && minutes <= clientTokenMinutesMax))
    throw new RangeError(`A token is good for ${clientTokenMinutesMax} minutes at most, not for ${minutes}.`)
  const claims: Introduced = { process, caller, actor: who, until: Date.now() + minutes * 60_000 }
  return signClaims(claims, keyFrom(secret))
}

/** Reads tokens, whose signatures are checked once. */
export class ClientTokens {
  readonly #publicKey
  readonly #known = new BoundedMap<string, Introduced>(knownMax)

  constructor(secret: string) {
    this.#publicKey = createPublicKey(keyFrom(secret))
  }

  /** Who shows this; undefined where it is no token of this hall. */
  read(token: string): Introduced | 'expired' | undefined {
    const known = this.#known.get(token) ?? this.#check(token)
    return known !== undefined && known.until <= Date.now() ? 'expired' : known
  }

  #check(token: string): Introduced | undefined {
    const signed = claimsIn(token, this.#publicKey)
    if (signed === undefined) return undefined
    const claims = introduced.parse(signed)
    this.#known.set(token, claims)
    return claims
  }
}
