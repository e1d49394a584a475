import { createHash, createPublicKey, verify } from 'node:crypto'
import { JobContext } from '#platform/calls/contexts'
import { jobContext } from '#platform/events/run-job'
import { guest } from '#platform/values'
import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const distances = ['near', 'far'] as const
const ann = { email: 'ann@example.com', password: 'correct horse battery', name: 'Ann' }
const credentials = { email: ann.email, password: ann.password }
const day = 24 * 60 * 60_000
const ended = { data: { code: 'UNAUTHORIZED', reason: 'identity.session_ended' } }

const asGuest = (hall: TestHall) => hall.as(guest).identity
const refresh = (hall: TestHall, refreshToken: string) => asGuest(hall).refresh.mutate({ refreshToken })
/** What a token says, unchecked. */
const partsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>)
const sessionIdOf = (token: string) => String(partsOf(token)[1]!['sid'])
const actorOf = async (hall: TestHall, accessToken: string) =>
  (await hall.calls.identity.authenticateSession.query({ sessionId: sessionIdOf(accessToken) })).actor

async function logIn(hall: TestHall) {
  await asGuest(hall).register.mutate(ann)
  return asGuest(hall).logIn.mutate(credentials)
}

/** As if every token that was used had been used that long ago. */
const ageTokens = (hall: TestHall, seconds: number) =>
  hall.sql(`update identity.refresh_tokens set ended_at = ended_at - $1 * interval '1 second'`, [seconds])

describe.each(distances)('a session, %s', (distance) => {
  const open = () => startTestHall({ modules: ['identity'], distance })

  test('begins with a token that anybody can check by the public keys', async () => {
    await using hall = await open()
    const session = await logIn(hall)
    expect(session).toMatchObject({
      accessTokenExpiresAt: '2026-01-01T12:10:00.000Z',
      refreshTokenExpiresAt: '2026-01-31T12:00:00.000Z',
      account: { email: ann.email, name: 'Ann', roles: [] },
    })
    expect(session.refreshToken).toMatch(/^mhr_[A-Za-z0-9_-]{43}$/)
    const { keys } = await asGuest(hall).signingKeys.query({})
    const [header, claims] = partsOf(session.accessToken)
    const key = keys.find(({ kid }) => kid === header!['kid'])
    expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' })
    // RFC 7638: the id of a key is its thumbprint.
    const thumbprint = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${key?.x}"}`).digest('base64url')
    expect(header).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: thumbprint })
    const noon = Date.parse('2026-01-01T12:00:00.000Z') / 1000
    const { id: sub } = session.account
    expect(claims).toEqual({
      iss: 'markethall',
      sub,
      sid: sessionIdOf(session.accessToken),
      iat: noon,
      exp: noon + 600,
    })
    const signed = (token: string) => {
      const [head, body, signature] = token.split('.')
      const publicKey = createPublicKey({ key: key!, format: 'jwk' })
      return verify(null, Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature ?? '', 'base64url'))
    }
    expect(signed(session.accessToken)).toBe(true)
    expect(signed(session.accessToken.replace('.eyJ', '.eyI'))).toBe(false)
  })

  test('stands for its account, with the permissions of the moment, until it is logged out', async () => {
    await using hall = await open()
    const { accessToken, refreshToken, account } = await logIn(hall)
    const other = await asGuest(hall).logIn.mutate(credentials)
    expect(sessionIdOf(other.accessToken)).not.toBe(sessionIdOf(accessToken))
    expect(await actorOf(hall, accessToken)).toEqual({ kind: 'customer', id: account.id })
    await hall.calls.identity.assignRoles.mutate({ accountId: account.id, roles: ['support'] })
    const permissions = expect.arrayContaining(['orders:cancel', 'orders:read']) as string[]
    expect(await actorOf(hall, accessToken)).toEqual({ kind: 'staff', id: account.id, permissions })
    for (let time = 0; time < 2; time += 1)
      expect(await asGuest(hall).logOut.mutate({ refreshToken })).toEqual({ ended: true })
    expect(await actorOf(hall, accessToken)).toBeNull()
    await expect(refresh(hall, refreshToken)).rejects.toMatchObject(ended)
    // The other one goes on.
    expect(await actorOf(hall, other.accessToken)).toMatchObject({ id: account.id })
    const nobodys = `mhr_${'A'.repeat(43)}`
    expect(await asGuest(hall).logOut.mutate({ refreshToken: nobodys })).toEqual({ ended: false })
    await expect(refresh(hall, nobodys)).rejects.toMatchObject(ended)
    expect(await actorOf(hall, partlyForged(accessToken))).toBeNull()
  })

  test('goes on with each refresh, up to ninety days, and ends where nobody refreshes for thirty', async () => {
    await using hall = await open()
    let { refreshToken, accessToken } = await logIn(hall)
    for (const expected of ['2026-03-01', '2026-03-30', '2026-04-01', '2026-04-01']) {
      hall.clock.advanceMs(29 * day - (expected === '2026-04-01' ? 15 * day : 0))
      const next = await refresh(hall, refreshToken)
      expect(next.refreshTokenExpiresAt.slice(0, 10)).toBe(expected)
      expect(sessionIdOf(next.accessToken)).toBe(sessionIdOf(accessToken))
      ;({ refreshToken, accessToken } = next)
    }
    hall.clock.set('2026-04-01T11:59:59.999Z')
    expect(await actorOf(hall, accessToken)).not.toBeNull()
    hall.clock.set('2026-04-01T12:00:00.000Z')
    expect(await actorOf(hall, accessToken)).toBeNull()
    await expect(refresh(hall, refreshToken)).rejects.toMatchObject(ended)

    const second = await asGuest(hall).logIn.mutate(credentials)
    hall.clock.advanceMs(30 * day)
    await expect(refresh(hall, second.refreshToken)).rejects.toMatchObject(ended)
  })

  test('answers a token again whose answer was lost, and ends where a used one comes back late', async () => {
    await using hall = await open()
    const first = await logIn(hall)
    const second = await refresh(hall, first.refreshToken)
    await ageTokens(hall, 9)
    const again = await refresh(hall, first.refreshToken)
    expect(new Set([first, second, again].map(({ refreshToken }) => refreshToken)).size).toBe(3)
    // Both successors are good.
    const third = await refresh(hall, second.refreshToken)
    await refresh(hall, again.refreshToken)
    // The ten seconds count from its first use, whatever came after.
    await ageTokens(hall, 2)
    await expect(refresh(hall, first.refreshToken)).rejects.toMatchObject(ended)
    expect(await actorOf(hall, third.accessToken)).toBeNull()
    for (const { refreshToken } of [third, again, first])
      await expect(refresh(hall, refreshToken)).rejects.toMatchObject(ended)
    expect(await hall.sql('select closed_at, closed_for from identity.sessions')).toEqual([
      { closed_at: '2026-01-01T12:00:00.000Z', closed_for: 'token_reused' },
    ])
  })

  test('gives each of twenty refreshes at once a token of its own', async () => {
    await using hall = await open()
    const { refreshToken, accessToken } = await logIn(hall)
    const all = await Promise.all(Array.from({ length: 20 }, () => refresh(hall, refreshToken)))
    expect(new Set(all.map((session) => session.refreshToken)).size).toBe(20)
    expect(new Set(all.map((session) => sessionIdOf(session.accessToken)))).toEqual(new Set([sessionIdOf(accessToken)]))
    await ageTokens(hall, 60)
    // None of them was used, so all of them are good, whenever they come.
    await Promise.all(all.map((session) => refresh(hall, session.refreshToken)))
    expect(await actorOf(hall, accessToken)).not.toBeNull()
  })

  test('that a thief and its owner refresh late at the same moment is over for both', async () => {
    await using hall = await open()
    const { refreshToken, accessToken } = await logIn(hall)
    await refresh(hall, refreshToken)
    await ageTokens(hall, 60)
    const both = await Promise.allSettled([refresh(hall, refreshToken), refresh(hall, refreshToken)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await actorOf(hall, accessToken)).toBeNull()
  })
})

/** A token of a session that never was. */
const partlyForged = (token: string): string => {
  const [header, claims] = partsOf(token)
  const forged = { ...claims, sid: 'ses_01940000-0000-7000-8000-000000000000' }
  return [header, forged]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('')
    .join('.')
}

/** Runs the schedule of the process that hosts identity. */
function forgetIn(hall: TestHall) {
  const { runtime, assembly } = hall.processes[0]!.hosted.get('identity')!
  const call = { actor: { kind: 'system' as const, id: 'identity' }, requestId: 'req_forget', key: undefined }
  return assembly.schedules![0]!.run(new JobContext(runtime, jobContext(runtime, call)))
}

test('a token that nobody used for thirty days is over, though its session goes on', async () => {
  await using hall = await startTestHall({ modules: ['identity'] })
  const { refreshToken } = await logIn(hall)
  const [spare, used] = await Promise.all([refresh(hall, refreshToken), refresh(hall, refreshToken)])
  hall.clock.advanceMs(20 * day)
  const next = await refresh(hall, used.refreshToken)
  hall.clock.advanceMs(10 * day)
  await expect(refresh(hall, spare.refreshToken)).rejects.toMatchObject(ended)
  await refresh(hall, next.refreshToken)
})

test('what has expired is forgotten, and what counts is not', async () => {
  await using hall = await startTestHall({ modules: ['identity'] })
  const forget = () => forgetIn(hall)
  const old = await logIn(hall)
  await asGuest(hall)
    .logIn.mutate({ ...credentials, password: 'a wrong password' })
    .catch(() => undefined)
  hall.clock.advanceMs(16 * day)
  const { refreshToken: renewed } = await refresh(hall, old.refreshToken)
  const idle = await asGuest(hall).logIn.mutate(credentials)
  await asGuest(hall)
    .logIn.mutate({ email: 'b@example.com', password: 'a wrong password' })
    .catch(() => undefined)
  expect(await forget()).toEqual({ sessions: 0, tokens: 0, attempts: 0 })
  hall.clock.advanceMs(16 * day)
  const { refreshToken: last } = await refresh(hall, renewed)
  // The token of the log-in would have expired by now; the one after it is kept, to be known when it comes back.
  expect(await forget()).toEqual({ sessions: 0, tokens: 1, attempts: 1 })
  hall.clock.advanceMs(14 * day)
  expect(await forget()).toEqual({ sessions: 1, tokens: 1, attempts: 0 })
  await expect(refresh(hall, idle.refreshToken)).rejects.toMatchObject(ended)
  await refresh(hall, last)
  expect(await forget()).toEqual({ sessions: 0, tokens: 0, attempts: 0 })
})

test('neither a password nor a token is in any table', async () => {
  await using hall = await startTestHall({ modules: ['identity'], works: true })
  const session = await logIn(hall)
  const second = await refresh(hall, session.refreshToken)
  await hall.as(guest, { key: 'a key that is sent along' }).identity.logIn.mutate(credentials)
  await asGuest(hall).register.mutate(ann)
  await asGuest(hall).logOut.mutate({ refreshToken: second.refreshToken })
  await hall.settle()
  const tables = await hall.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'identity'`,
  )
  const rows = await Promise.all(
    tables.map(({ name }) => hall.sql(`select row_to_json(t)::text as row from ${name} t`)),
  )
  const all = rows
    .flat()
    .map(({ row }) => String(row))
    .join('\n')
  // What may be there shows that the search would find the rest.
  expect(all).toContain(ann.email)
  expect(all).toContain(createHash('sha256').update(second.refreshToken).digest('hex'))
  const secrets = [ann.password, session.accessToken, session.refreshToken, second.accessToken, second.refreshToken]
  const forms = secrets.flatMap((secret) => [
    secret,
    ...(['base64', 'hex'] as const).map((as) => Buffer.from(secret).toString(as)),
  ])
  expect(forms.filter((form) => all.includes(form))).toEqual([])
})
