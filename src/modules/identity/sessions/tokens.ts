/**
 * The two tokens of a session: a JWT that says for ten minutes who somebody is, and a refresh token that gets the next one.
 *
 * All keys derive from the hall's secret, so that its processes agree and none is kept in a table (decision 0010).
 */
import { createHmac, createPublicKey, hash } from 'node:crypto'
import { calculateJwkThumbprint, SignJWT } from 'jose'
import type { contract } from '../contract.ts'
import type { AnswerOf } from '#platform/contract'
import { ed25519KeyOf } from '#platform/ed25519'

type PublicKey = AnswerOf<typeof contract.operations.signingKeys>['keys'][number]

export const accessTokenMs = 10 * 60_000

export type Tokens = {
  publicKey: PublicKey
  /** A signed access token, and when it ends. */
  accessToken(holder: {
    accountId: string
    sessionId: string
    now: string
  }): Promise<{ token: string; expiresAt: string }>
  /** A refresh token, from an id that is used for nothing else: nobody without the secret can tell one from the other. */
  refreshToken(uniqueId: string): string
}

/** What is kept of a refresh token. */
export const tokenHashOf = (token: string): string => hash('sha256', token, 'hex')

export async function createTokens(secretFor: (purpose: string) => string): Promise<Tokens> {
  const privateKey = ed25519KeyOf(secretFor('identity-tokens'))
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (x === undefined) throw new Error('Node.js exported no Ed25519 key.')
  const form = { kty: 'OKP', crv: 'Ed25519', x }
  const kid = await calculateJwkThumbprint(form)
  const refreshSecret = secretFor('identity-refresh-tokens')
  return {
    publicKey: { ...form, kid, alg: 'EdDSA', use: 'sig' },
    async accessToken({ accountId, sessionId, now }) {
      const issuedAt = Math.floor(Date.parse(now) / 1000)
      const endsAt = issuedAt + accessTokenMs / 1000
      const token = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setIssuer('markethall')
        .setSubject(accountId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(endsAt)
        .sign(privateKey)
      return { token, expiresAt: new Date(endsAt * 1000).toISOString() }
    },
    refreshToken: (uniqueId) => `mhr_${createHmac('sha256', refreshSecret).update(uniqueId).digest('base64url')}`,
  }
}
