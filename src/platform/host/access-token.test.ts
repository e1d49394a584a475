import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTokenVerifier, tokenIssuer } from './access-token.ts'

type Signer = { jwk: JWK; privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'] }

const nowMs = Date.parse('2026-01-01T12:00:00.000Z')
const nowSeconds = nowMs / 1000
const account = 'acc_00000000-0000-7000-8000-000000000001'
const session = 'ses_00000000-0000-7000-8000-000000000002'

async function newSigner(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }, privateKey }
}

const claims: JWTPayload = { iss: tokenIssuer, sub: account, sid: session, iat: nowSeconds, exp: nowSeconds + 900 }

const tokenOf = ({ jwk, privateKey }: Signer, changed: Record<string, unknown> = {}, header: object = {}) =>
  new SignJWT({ ...claims, ...changed }).setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid!, ...header }).sign(privateKey)

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Keys as a neighbour publishes them, counting how often it is asked. */
function published(...signers: Signer[]) {
  const keys = { asked: 0, signers, ask: () => Promise.resolve<JWK[]>([]) }
  keys.ask = () => {
    keys.asked += 1
    return Promise.resolve(keys.signers.map(({ jwk }) => jwk))
  }
  return keys
}

describe('an access token', () => {
  let signer: Signer
  let stranger: Signer
  beforeAll(async () => {
    signer = await newSigner('one')
    stranger = await newSigner('one')
  })

  test('that is ours says whose session it is, and its keys are asked for once', async () => {
    const verify = createTokenVerifier({ now: () => nowMs })
    const keys = published(signer)
    const expected = { accountId: account, sessionId: session, expiresAtMs: nowMs + 900_000 }
    const tokens = await Promise.all([0, 1, 2].map((second) => tokenOf(signer, { iat: nowSeconds - second })))
    expect(await Promise.all(tokens.map((token) => verify(token, keys.ask)))).toEqual(tokens.map(() => expected))
    expect(await verify(tokens[0]!, keys.ask)).toEqual(expected)
    expect(keys.asked).toBe(1)
  })

  test('ends by the clock that dated it, also where it was found good before', async () => {
    let now = nowMs
    const verify = createTokenVerifier({ now: () => now })
    const keys = published(signer)
    const token = await tokenOf(signer)
    await verify(token, keys.ask)
    now = nowMs + 899_999
    await verify(token, keys.ask)
    now = nowMs + 900_000
    await expect(verify(token, keys.ask)).rejects.toMatchObject({ reason: 'platform.token_expired' })
    // And by one that has never seen it.
    const other = createTokenVerifier({ now: () => now })
    await expect(other(token, keys.ask)).rejects.toMatchObject({ reason: 'platform.token_expired' })
  })

  test.each<[string, () => Promise<string> | string]>([
    ['is no token', () => 'nonsense'],
    ['is three words', () => 'a.b.c'],
    ['is endless', () => 'x'.repeat(100_000)],
    ['was signed by somebody else', () => tokenOf(stranger)],
    ['was signed by a key that is not known', async () => tokenOf(await newSigner('two'))],
    ['names no key', () => tokenOf(signer, {}, { kid: undefined })],
    [
      'was changed',
      async () => (await tokenOf(signer)).replace(/\.[^.]+\./, `.${encoded({ ...claims, sub: 'acc_2' })}.`),
    ],
    ['has ended and was changed', async () => (await tokenOf(signer, { exp: 1 })).slice(0, -4).concat('AAAA')],
    ['is not signed', () => `${encoded({ alg: 'none', kid: 'one' })}.${encoded(claims)}.`],
    [
      'is signed with the public key as a shared secret',
      () =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .sign(Buffer.from(signer.jwk.x!, 'base64url')),
    ],
    ['comes from another issuer', () => tokenOf(signer, { iss: 'somebody' })],
    ['names no session', () => tokenOf(signer, { sid: undefined })],
    ['names no account', () => tokenOf(signer, { sub: undefined })],
    ['never ends', () => tokenOf(signer, { exp: undefined })],
  ])('that %s is refused', async (_what, forge) => {
    const verify = createTokenVerifier({ now: () => nowMs })
    const keys = published(signer)
    const token = await forge()
    const refusal = { reason: 'platform.bad_token', code: 'UNAUTHORIZED' }
    await expect(verify(token, keys.ask)).rejects.toMatchObject(refusal)
  })

  test('of a key that came later is known once the keys are asked for again', async () => {
    const verify = createTokenVerifier({ now: () => nowMs, unknownKeyMs: 0 })
    const keys = published(signer)
    await verify(await tokenOf(signer), keys.ask)
    const second = await newSigner('two')
    keys.signers.push(second)
    expect(await verify(await tokenOf(second), keys.ask)).toMatchObject({ sessionId: session })
    expect(keys.asked).toBe(2)
  })

  test('of a key that is not known makes the keys be asked for once in a while, however many come', async () => {
    const verify = createTokenVerifier({ now: () => nowMs, unknownKeyMs: 3_600_000 })
    const keys = published(signer)
    const forged = Array.from({ length: 50 }, async (_, count) => tokenOf({ ...stranger, jwk: { kid: `${count}` } }))
    const outcomes = await Promise.allSettled(forged.map(async (token) => verify(await token, keys.ask)))
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(keys.asked).toBe(1)
    expect(await verify(await tokenOf(signer), keys.ask)).toMatchObject({ accountId: account })
  })

  test('cannot be judged where no key can be had, and is judged by the old ones where no new ones can', async () => {
    const verify = createTokenVerifier({ now: () => nowMs, keysMs: 0, unknownKeyMs: 0 })
    const away = () => Promise.reject(new Error('away'))
    await expect(verify(await tokenOf(signer), away)).rejects.toThrow('away')
    await verify(await tokenOf(signer), published(signer).ask)
    expect(await verify(await tokenOf(signer, { iat: 1 }), away)).toMatchObject({ accountId: account })
  })

  test('is not checked by a key of another kind', async () => {
    const verify = createTokenVerifier({ now: () => nowMs })
    const keys = () => Promise.resolve<JWK[]>([{ kty: 'oct', k: 'c2VjcmV0', kid: 'one', alg: 'HS256' }])
    await expect(verify(await tokenOf(signer), keys)).rejects.toMatchObject({ reason: 'platform.bad_token' })
  })
})
