/** People at the public face: they sign in, ask with their access token, and are told why it is no longer taken. */
import { type Distance, startTestHall, type TestHall } from '#testing/hall'
import { eventually } from '#testing/eventually'
import { SignJWT, generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'

type Answer = { status: number; data: any; reason: string | undefined }

async function ask(hall: TestHall, path: string, token?: string): Promise<Answer> {
  const response = await fetch(`${hall.url}/trpc/${path}?input=%7B%7D`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  const body = (await response.json()) as { result?: { data: unknown }; error?: { data: { reason: string } } }
  return { status: response.status, data: body.result?.data, reason: body.error?.data.reason }
}

const credentials = { email: 'ada@example.org', password: 'a long enough password' }

async function openHall(distance: Distance) {
  const hall = await startTestHall({ modules: ['identity', 'catalog'], distance })
  const account = await hall.calls.identity.register.mutate(credentials)
  return { hall, account, signIn: () => hall.calls.identity.logIn.mutate(credentials) }
}

describe.each<Distance>(['near', 'far'])('%s', (distance) => {
  test('whoever signs in is known by the token, may do what his roles permit, and guests may not', async () => {
    const { hall, account, signIn } = await openHall(distance)
    await using _ = hall
    const { accessToken } = await signIn()
    expect(await ask(hall, 'identity.me', accessToken)).toMatchObject({ status: 200, data: { id: account.id } })
    expect(await ask(hall, 'identity.me')).toMatchObject({ status: 401, reason: 'platform.unauthenticated' })
    expect(await ask(hall, 'catalog.listAll', accessToken)).toMatchObject({ status: 403, reason: 'platform.forbidden' })
    await hall.calls.identity.saveRole.mutate({ name: 'clerk', permissions: ['catalog:read'] })
    await hall.calls.identity.assignRoles.mutate({ accountId: account.id, roles: ['clerk'] })
    // What the gateway was told before counts for some seconds more.
    const allowed = await eventually(
      () => ask(hall, 'catalog.listAll', accessToken),
      ({ status }) => status === 200,
    )
    expect(allowed.data).toMatchObject({ items: [] })
  })

  test('a session that was ended ends for its tokens, and others stay', async () => {
    const { hall, signIn } = await openHall(distance)
    await using _ = hall
    const [one, other] = [await signIn(), await signIn()]
    expect(await ask(hall, 'identity.me', one.accessToken)).toMatchObject({ status: 200 })
    await hall.calls.identity.logOut.mutate({ refreshToken: one.refreshToken })
    const ended = await eventually(
      () => ask(hall, 'identity.me', one.accessToken),
      ({ status }) => status !== 200,
    )
    expect(ended).toMatchObject({ status: 401, reason: 'platform.session_ended' })
    expect(await ask(hall, 'identity.me', other.accessToken)).toMatchObject({ status: 200 })
  })

  test('a token that has ended, or is not of this hall, is refused with its reason', async () => {
    const { hall, account, signIn } = await openHall(distance)
    await using _ = hall
    const { accessToken, accessTokenExpiresAt } = await signIn()
    const [head = '', payload = ''] = accessToken.split('.')
    const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
    expect(decode(payload)).toMatchObject({ iss: 'markethall', sub: account.id })
    const { privateKey } = await generateKeyPair('EdDSA')
    const forged = await new SignJWT(decode(payload))
      .setProtectedHeader({ ...decode(head), alg: 'EdDSA' })
      .sign(privateKey)
    for (const wrong of [forged, `${head}.${payload}.`, `${accessToken.slice(0, -8)}AAAAAAAA`, 'nonsense'])
      expect(await ask(hall, 'identity.me', wrong)).toMatchObject({ status: 401, reason: 'platform.bad_token' })
    // Also where a guest would have been answered: whoever shows a token means it.
    expect(await ask(hall, 'catalog.list', forged)).toMatchObject({ status: 401, reason: 'platform.bad_token' })
    expect(await ask(hall, 'identity.me', accessToken)).toMatchObject({ status: 200 })
    hall.clock.set(accessTokenExpiresAt)
    expect(await ask(hall, 'identity.me', accessToken)).toMatchObject({ status: 401, reason: 'platform.token_expired' })
  })
})
