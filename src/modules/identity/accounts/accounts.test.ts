import { guest, type Actor } from '#platform/values'
import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { createPasswordHashing } from './password-hash.ts'

const distances = ['near', 'far'] as const
const ann = { email: 'ann@example.com', password: 'correct horse battery', name: 'Ann' }
const credentials = { email: ann.email, password: ann.password }
const wrong = { email: ann.email, password: 'incorrect horse battery' }
const refusal = (code: string, reason: string) => ({ data: { code, reason } })

const asGuest = (hall: TestHall) => hall.as(guest).identity
const person = (id: string): Actor => ({ kind: 'customer', id })
const clerk = (permissions: string[]): Actor => ({ kind: 'staff', id: 'acc_of_a_clerk', permissions })

/** Why a call was refused, or that it was not. */
const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: { data?: { reason: string } }) => error.data?.reason ?? 'no reason',
  )
const counted = (outcomes: string[]) =>
  Object.fromEntries(Object.entries(Object.groupBy(outcomes, String)).map(([reason, all]) => [reason, all?.length]))

describe.each(distances)('an account, %s', (distance) => {
  const open = () => startTestHall({ modules: ['identity'], distance })

  test('is made once per e-mail, and answered again to whoever knows its password', async () => {
    await using hall = await open()
    const made = await asGuest(hall).register.mutate(ann)
    expect(made).toMatchObject({ email: ann.email, name: 'Ann', roles: [], createdAt: '2026-01-01T12:00:00.000Z' })
    expect(await asGuest(hall).register.mutate({ ...ann, email: ' Ann@Example.COM' })).toEqual(made)
    await expect(asGuest(hall).register.mutate({ ...ann, ...wrong })).rejects.toMatchObject(
      refusal('CONFLICT', 'identity.email_taken'),
    )
    expect((await hall.calls.identity.listAccounts.query({})).items).toEqual([made])
    const nameless = await asGuest(hall).register.mutate({ email: 'bob@example.com', password: ann.password })
    expect(nameless.name).toBeNull()
  })

  test('registered many times at the same moment is one account', async () => {
    await using hall = await open()
    const accounts = await Promise.all(Array.from({ length: 8 }, () => asGuest(hall).register.mutate(ann)))
    expect(new Set(accounts.map(({ id }) => id)).size).toBe(1)
    expect(await hall.sql('select id from identity.accounts')).toEqual([{ id: accounts[0]!.id }])
    // Nobody was guessing: nothing counts against whoever logs in next.
    expect(await hall.sql('select * from identity.password_attempts')).toEqual([])
  })

  test('tells who is signed in; a key has none, and neither has somebody who is gone', async () => {
    await using hall = await open()
    const made = await asGuest(hall).register.mutate(ann)
    expect(await hall.as(person(made.id)).identity.me.query({})).toEqual({ ...made, permissions: [] })
    await hall.calls.identity.assignRoles.mutate({ accountId: made.id, roles: ['support', 'finance'] })
    const { permissions, roles } = await hall.as(person(made.id)).identity.me.query({})
    expect(roles).toEqual(['finance', 'support'])
    expect(permissions).toEqual([...new Set(permissions)].toSorted())
    expect(permissions).toEqual(expect.arrayContaining(['orders:refund', 'catalog:read']))
    const nobody = person('acc_01940000-0000-7000-8000-000000000000')
    for (const identity of [hall.calls.identity, hall.as(nobody).identity])
      await expect(identity.me.query({})).rejects.toMatchObject(refusal('NOT_FOUND', 'identity.no_account'))
    await expect(asGuest(hall).me.query({})).rejects.toMatchObject({ data: { reason: 'platform.unauthenticated' } })
  })

  test('is listed with the others, oldest first, a page at a time', async () => {
    await using hall = await open()
    for (const name of ['ann', 'bob', 'cid', 'dee', 'eve']) {
      await asGuest(hall).register.mutate({ email: `${name}@example.com`, password: ann.password })
      // Two share an instant, so that their order is the ids'.
      if (name !== 'bob') hall.clock.advanceMs(1_000)
    }
    const { identity } = hall.calls
    const { items: all, nextCursor } = await identity.listAccounts.query({})
    expect(nextCursor).toBeNull()
    expect(all.map(({ createdAt }) => createdAt)).toEqual(all.map(({ createdAt }) => createdAt).toSorted())
    const paged: unknown[] = []
    let cursor: string | null | undefined
    do {
      const page = await identity.listAccounts.query({ limit: 2, ...(cursor && { cursor }) })
      paged.push(...page.items)
      cursor = page.nextCursor
    } while (cursor)
    expect(paged).toEqual(all)
    const [, bob] = all
    await identity.assignRoles.mutate({ accountId: bob!.id, roles: ['support'] })
    const emailsOf = async (filter: object) =>
      (await identity.listAccounts.query(filter)).items.map(({ email }) => email)
    expect(await emailsOf({ role: 'support' })).toEqual([bob!.email])
    expect(await emailsOf({ role: 'finance' })).toEqual([])
    expect(await emailsOf({ email: 'Cid@example.com' })).toEqual(['cid@example.com'])
    for (const bad of ['x', '1', all[0]!.id, "2026-01-01T12:00:00.000Z~acc_'; drop"])
      await expect(identity.listAccounts.query({ cursor: bad })).rejects.toMatchObject(
        refusal('BAD_REQUEST', 'identity.bad_cursor'),
      )
  })
})

describe.each(distances)('a role, %s', (distance) => {
  const open = () => startTestHall({ modules: ['identity'], distance })

  test('comes with the hall, is saved, and is changed for all who have it', async () => {
    await using hall = await open()
    const { identity } = hall.calls
    const { roles } = await identity.listRoles.query({})
    expect(roles.map(({ name }) => name)).toEqual(['finance', 'merchandiser', 'support', 'warehouse'])
    const role = { name: 'auditor', permissions: ['audit:read'] }
    expect(await identity.saveRole.mutate({ ...role, permissions: ['audit:read', 'audit:read'] })).toEqual(role)
    const { id } = await asGuest(hall).register.mutate(ann)
    await identity.assignRoles.mutate({ accountId: id, roles: ['auditor', 'auditor'] })
    const me = () => hall.as(person(id)).identity.me.query({})
    expect(await me()).toMatchObject({ roles: ['auditor'], permissions: ['audit:read'] })
    await identity.saveRole.mutate({ name: 'auditor', permissions: ['audit:read', '*'] })
    expect(await me()).toMatchObject({ permissions: ['*', 'audit:read'] })
    await identity.assignRoles.mutate({ accountId: id, roles: [] })
    expect(await me()).toMatchObject({ roles: [], permissions: [] })
  })

  test('is not taken away, nor emptied, by somebody who does not hold what it permits', async () => {
    await using hall = await open()
    const { identity } = hall.calls
    await identity.saveRole.mutate({ name: 'boss', permissions: ['*'] })
    await identity.saveRole.mutate({ name: 'auditor', permissions: ['audit:read'] })
    const { id: accountId } = await asGuest(hall).register.mutate(ann)
    await identity.assignRoles.mutate({ accountId, roles: ['boss'] })
    const chief = hall.as(clerk(['identity:write', 'audit:read'])).identity
    const notYours = refusal('FORBIDDEN', 'identity.not_yours_to_give')
    await expect(chief.assignRoles.mutate({ accountId, roles: [] })).rejects.toMatchObject(notYours)
    await expect(chief.assignRoles.mutate({ accountId, roles: ['auditor'] })).rejects.toMatchObject(notYours)
    await expect(chief.saveRole.mutate({ name: 'boss', permissions: [] })).rejects.toMatchObject(notYours)
    expect(await hall.as(person(accountId)).identity.me.query({})).toMatchObject({ permissions: ['*'] })
    await identity.assignRoles.mutate({ accountId, roles: ['auditor'] })
    expect(await chief.saveRole.mutate({ name: 'auditor', permissions: [] })).toMatchObject({ permissions: [] })
    expect(await chief.assignRoles.mutate({ accountId, roles: [] })).toMatchObject({ roles: [] })
  })

  test('is not given, nor filled, by somebody who does not hold what it permits', async () => {
    await using hall = await open()
    const { id: accountId } = await asGuest(hall).register.mutate(ann)
    const chief = hall.as(clerk(['identity:write', 'audit:read'])).identity
    const notYours = refusal('FORBIDDEN', 'identity.not_yours_to_give')
    for (const permission of ['orders:refund', '*'])
      await expect(
        chief.saveRole.mutate({ name: 'mine', permissions: ['audit:read', permission] }),
      ).rejects.toMatchObject(notYours)
    await chief.saveRole.mutate({ name: 'mine', permissions: ['audit:read'] })
    await hall.calls.identity.saveRole.mutate({ name: 'all', permissions: ['*'] })
    for (const roles of [['finance'], ['mine', 'finance'], ['all']])
      await expect(chief.assignRoles.mutate({ accountId, roles })).rejects.toMatchObject(notYours)
    expect(await chief.assignRoles.mutate({ accountId, roles: ['mine'] })).toMatchObject({ roles: ['mine'] })
    // A permission held through `*` is held.
    await hall.calls.identity.assignRoles.mutate({ accountId, roles: ['all', 'finance'] })
    for (const actor of [clerk(['identity:read']), person(accountId)])
      await expect(hall.as(actor).identity.assignRoles.mutate({ accountId, roles: [] })).rejects.toMatchObject(
        refusal('FORBIDDEN', 'platform.forbidden'),
      )
  })

  test('and an account must exist to be brought together', async () => {
    await using hall = await open()
    const { id: accountId } = await asGuest(hall).register.mutate(ann)
    const { identity } = hall.calls
    await expect(identity.assignRoles.mutate({ accountId, roles: ['support', 'astronaut'] })).rejects.toMatchObject(
      refusal('NOT_FOUND', 'identity.unknown_role'),
    )
    const nobody = 'acc_01940000-0000-7000-8000-000000000000'
    await expect(identity.assignRoles.mutate({ accountId: nobody, roles: ['support'] })).rejects.toMatchObject(
      refusal('NOT_FOUND', 'identity.unknown_account'),
    )
    expect((await identity.listAccounts.query({})).items).toMatchObject([{ roles: [] }])
  })
})

describe.each(distances)('guessing a password, %s', (distance) => {
  const open = () => startTestHall({ modules: ['identity'], distance })

  test.each([
    ['of an account', true],
    ['of nobody', false],
  ])('%s is told alike, and ends after ten attempts for a quarter of an hour', async (_whose, exists) => {
    await using hall = await open()
    if (exists) await asGuest(hall).register.mutate(ann)
    for (let attempt = 0; attempt < 10; attempt += 1)
      await expect(asGuest(hall).logIn.mutate(wrong)).rejects.toMatchObject(
        refusal('UNAUTHORIZED', 'identity.wrong_credentials'),
      )
    hall.clock.advanceMs(5 * 60_000)
    for (const guess of [wrong, credentials])
      await expect(asGuest(hall).logIn.mutate(guess)).rejects.toMatchObject({
        data: { code: 'TOO_MANY_REQUESTS', reason: 'identity.too_many_attempts', retryAfterMs: 10 * 60_000 },
      })
    hall.clock.advanceMs(10 * 60_000)
    expect(await outcomeOf(asGuest(hall).logIn.mutate(wrong))).toBe('identity.wrong_credentials')
    expect(await outcomeOf(asGuest(hall).logIn.mutate(credentials))).toBe(
      exists ? 'done' : 'identity.wrong_credentials',
    )
  })

  test('begins anew after the right one, also where somebody registers again', async () => {
    await using hall = await open()
    await asGuest(hall).register.mutate(ann)
    for (const right of ['logIn', 'register'] as const) {
      for (let attempt = 0; attempt < 9; attempt += 1)
        expect(await outcomeOf(asGuest(hall).logIn.mutate(wrong))).toBe('identity.wrong_credentials')
      await asGuest(hall)[right].mutate(credentials)
    }
    expect(await outcomeOf(asGuest(hall).logIn.mutate(wrong))).toBe('identity.wrong_credentials')
  })

  test('in parallel gains nothing', async () => {
    await using hall = await open()
    await asGuest(hall).register.mutate(ann)
    const guesses = Array.from({ length: 30 }, (_, index) => ({ ...wrong, password: `guess number ${index}` }))
    const outcomes = await Promise.all(
      guesses.map((guess, index) =>
        outcomeOf(index % 2 ? asGuest(hall).logIn.mutate(guess) : asGuest(hall).register.mutate(guess)),
      ),
    )
    const [row] = await hall.sql('select attempts from identity.password_attempts')
    expect(row).toEqual({ attempts: 10 })
    expect(outcomes).not.toContain('done')
    // Registering is no way round.
    expect(await outcomeOf(asGuest(hall).logIn.mutate(credentials))).toBe('identity.too_many_attempts')
    expect(await outcomeOf(asGuest(hall).register.mutate(ann))).toBe('identity.email_taken')
  })
})

test('a thousand logins at once are all answered, most by being told to come again, and others go on', async () => {
  await using hall = await startTestHall({ modules: ['identity'] })
  await asGuest(hall).register.mutate(ann)
  let answered = 0
  const logins = Array.from({ length: 1_000 }, (_, index) => {
    const call = asGuest(hall).logIn.mutate(
      index % 3 ? credentials : { ...wrong, email: `nobody-${index}@example.com` },
    )
    return outcomeOf(call).finally(() => (answered += 1))
  })
  for (let asked = 0; asked < 20; asked += 1) await hall.calls.identity.listRoles.query({})
  expect(answered).toBeLessThan(1_000)
  const outcomes = counted(await Promise.all(logins))
  const { done = 0, 'identity.busy': busy = 0, 'identity.wrong_credentials': wrongly = 0 } = outcomes
  expect(outcomes).toEqual({ done, 'identity.busy': busy, 'identity.wrong_credentials': wrongly })
  expect(done + busy + wrongly).toBe(1_000)
  // Two hash and 32 wait; nearly all others came while they did.
  expect(done + wrongly).toBeGreaterThanOrEqual(34)
  expect(busy).toBeGreaterThan(500)
  expect(await outcomeOf(asGuest(hall).logIn.mutate(credentials))).toBe('done')
})

test('a password that was hashed at a lower cost is hashed again when it is right', async () => {
  await using hall = await startTestHall({ modules: ['identity'] })
  await asGuest(hall).register.mutate(ann)
  const cheap = createPasswordHashing({ secret: 'an old one', cost: { memory: 8, passes: 1, parallelism: 1 } })
  const hashed = async () =>
    (await hall.sql('select password_hash as hash from identity.accounts'))[0]!['hash'] as string
  const before = await cheap.hash(ann)
  await hall.sql('update identity.accounts set password_hash = $1', [before])
  expect(await outcomeOf(asGuest(hall).logIn.mutate(wrong))).toBe('identity.wrong_credentials')
  expect(await hashed()).toBe(before)
  await asGuest(hall).logIn.mutate(credentials)
  expect(await hashed()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  await asGuest(hall).logIn.mutate(credentials)
})
