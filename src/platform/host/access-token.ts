/**
 * Access tokens: JWTs that the module that keeps sessions has signed (EdDSA, Ed25519), checked here by its public keys.
 *
 * A signature check takes half a millisecond, so a token that was found good is remembered by its hash until it ends. That
 * says who signed it and when it ends, never that its session still lives: that is asked for.
 */
import { hash } from 'node:crypto'
import { errors, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { z } from 'zod'
import { BoundedMap } from '../bounded-map.ts'
import { badToken, tokenExpired } from '../errors.ts'

/** What a token says. */
export type TokenClaims = { accountId: string; sessionId: string; expiresAtMs: number }

type Key = Awaited<ReturnType<typeof importJWK>>
type Keys = ReadonlyMap<string, Key>

export type TokenVerifierOptions = {
  /** The hall's clock, in Unix milliseconds: tokens end by the clock that dated them. */
  now(): number
  /** How long public keys are believed before they are asked for again, in milliseconds. */
  keysMs?: number
  /** The least pause between two askings for a key that is not known, in milliseconds. */
  unknownKeyMs?: number
}

export const tokenIssuer = 'markethall'
const algorithms = ['EdDSA', 'Ed25519']
const tokenLengthMax = 4096
const tokensMax = 10_000

const claimsSchema = z.object({ sub: z.string(), sid: z.string(), exp: z.number(), iat: z.number() })

/** Makes a verifier. `askKeys` fetches the public keys in the name of the request that needs them. */
export function createTokenVerifier({ now, keysMs = 5 * 60_000, unknownKeyMs = 1_000 }: TokenVerifierOptions) {
  const known = new BoundedMap<string, TokenClaims>(tokensMax)
  const keys = createKeyring({ keysMs, unknownKeyMs })
  /** What the token says. Throws where it is none of ours, or has ended. */
  return async (token: string, askKeys: () => Promise<readonly JWK[]>): Promise<TokenClaims> => {
    if (token.length > tokenLengthMax) throw badToken()
    const tokenHash = hash('sha256', token, 'base64url')
    const remembered = known.get(tokenHash)
    const claims = remembered ?? (await verify(token, (keyId) => keys(keyId, askKeys), now()))
    if (claims.expiresAtMs <= now()) {
      known.delete(tokenHash)
      throw tokenExpired()
    }
    if (!remembered) known.set(tokenHash, claims)
    return claims
  }
}

async function verify(
  token: string,
  keyOf: (keyId: string | undefined) => Promise<Key | undefined>,
  nowMs: number,
): Promise<TokenClaims> {
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = await keyOf(kid)
        if (key === undefined) throw new errors.JWKSNoMatchingKey()
        return key
      },
      { algorithms, issuer: tokenIssuer, currentDate: new Date(nowMs) },
    )
    return claimsOf(payload)
  } catch (error) {
    // jose looks at the time only after the signature.
    if (error instanceof errors.JWTExpired) throw tokenExpired()
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) throw badToken()
    throw error
  }
}

function claimsOf(payload: JWTPayload): TokenClaims {
  const { sub, sid, exp } = claimsSchema.parse(payload)
  return { accountId: sub, sessionId: sid, expiresAtMs: exp * 1000 }
}

/** The public keys by their ids: asked for when one is missing or they are old, once for all who wait. */
function createKeyring({ keysMs, unknownKeyMs }: { keysMs: number; unknownKeyMs: number }) {
  let keys: Keys = new Map()
  let askedAt = -Infinity
  let asking: Promise<void> | undefined
  const ask = async (askKeys: () => Promise<readonly JWK[]>) => {
    askedAt = performance.now()
    try {
      keys = await importKeys(await askKeys())
    } catch (error) {
      // Those that were good a moment ago still are; without any, nobody can be told from anybody.
      askedAt = keys.size > 0 ? askedAt : -Infinity
      if (keys.size === 0) throw error
    }
  }
  return async (keyId: string | undefined, askKeys: () => Promise<readonly JWK[]>): Promise<Key | undefined> => {
    if (keyId === undefined) return undefined
    const ageMs = performance.now() - askedAt
    if (ageMs >= (keys.has(keyId) ? keysMs : unknownKeyMs)) {
      asking ??= ask(askKeys).finally(() => (asking = undefined))
    }
    if (asking) await asking
    return keys.get(keyId)
  }
}

async function importKeys(all: readonly JWK[]): Promise<Keys> {
  const keys = new Map<string, Key>()
  for (const jwk of all) {
    // What signs otherwise (a shared secret, say) must never be taken for a public key.
    if (jwk.kid === undefined || jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519') continue
    keys.set(jwk.kid, await importJWK(jwk, 'EdDSA'))
  }
  return keys
}
