/** Who may do what: API keys, accounts, sessions, roles. Tokens and hashes derive from the hall's secret, so they are equal. */
import type { Lockstep } from '../lockstep.ts'
import { owner } from '../credentials.ts'
import { asGuest, expectRefusal, expectRefusals, hashOf, service, stranger, unknown } from './words.ts'

export async function keepKeys(halls: Lockstep): Promise<void> {
  const keyHash = hashOf('the key of a service')
  await halls.answer('identity.ensureOwner', { keyHash: hashOf('another') })
  const till = { name: 'till', permissions: ['orders:price'], keyHash }
  const created = await halls.answer('identity.createApiKey', till)
  await halls.answer('identity.createApiKey', till)
  await expectRefusals(halls, 'identity.createApiKey', {
    'identity.key_exists': { name: 'again', permissions: [], keyHash },
  })
  await expectRefusal(halls, 'platform.forbidden', {
    path: 'identity.createApiKey',
    input: { ...till, keyHash: hashOf('of more than is held') },
    actor: service('identity:write'),
  })
  await halls.answer('identity.authenticate', { keyHash })
  await halls.answer('identity.listApiKeys', {})
  await halls.answer('identity.revokeApiKey', { id: created.id })
  await halls.answer('identity.revokeApiKey', { id: created.id })
  await halls.answer('identity.authenticate', { keyHash })
  await expectRefusals(halls, 'identity.revokeApiKey', {
    'identity.last_owner': { id: owner.id },
    'identity.unknown_key': { id: unknown('key') },
  })
}

const ann = { email: 'ann@example.com', password: 'a long password' }

export async function openSessions(halls: Lockstep): Promise<void> {
  const account = await halls.answer('identity.register', { ...ann, email: ' Ann@Example.com', name: 'Ann' }, asGuest)
  await halls.answer('identity.register', ann, { ...asGuest, key: 'a key that is ignored' })
  await expectRefusals(halls, 'identity.register', {
    'identity.email_taken': { ...ann, password: 'another password' },
  })
  const { accessToken, refreshToken } = await halls.answer('identity.logIn', ann, asGuest)
  const guessing = { email: 'ben@example.com', password: 'a wrong password' }
  for (let attempt = 0; attempt < 10; attempt += 1)
    await expectRefusals(halls, 'identity.logIn', { 'identity.wrong_credentials': guessing })
  await expectRefusals(halls, 'identity.logIn', { 'identity.too_many_attempts': guessing })
  const [, claims] = String(accessToken).split('.')
  const { sid: sessionId } = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as { sid: string }
  await halls.answer('identity.authenticateSession', { sessionId })
  const second = await halls.answer('identity.refresh', { refreshToken }, asGuest)
  await halls.answer('identity.refresh', { refreshToken }, asGuest)
  await halls.same('used tokens that grow old', (hall) =>
    hall.sql(`UPDATE identity.refresh_tokens SET ended_at = ended_at - interval '1 minute'`),
  )
  await expectRefusals(halls, 'identity.refresh', { 'identity.session_ended': { refreshToken } })
  await expectRefusals(halls, 'identity.refresh', { 'identity.session_ended': { refreshToken: second.refreshToken } })
  await halls.answer('identity.authenticateSession', { sessionId })
  const third = await halls.answer('identity.logIn', ann, asGuest)
  for (let time = 0; time < 2; time += 1)
    await halls.answer('identity.logOut', { refreshToken: third.refreshToken }, asGuest)
  await halls.answer('identity.signingKeys', {}, asGuest)
  await halls.answer('identity.me', {}, { actor: { kind: 'customer', id: account.id } })
  await expectRefusals(halls, 'identity.me', { 'identity.no_account': {} })
  await expectRefusal(halls, 'identity.no_account', { path: 'identity.me', input: {}, actor: stranger })
}

export async function giveRoles(halls: Lockstep): Promise<void> {
  const { id: accountId } = await halls.answer('identity.register', ann, asGuest)
  await halls.answer('identity.register', { ...ann, email: 'cleo@example.com' }, asGuest)
  await halls.answer('identity.saveRole', { name: 'buyers', permissions: ['catalog:read', 'inventory:read'] })
  await expectRefusal(halls, 'identity.not_yours_to_give', {
    path: 'identity.saveRole',
    input: { name: 'gods', permissions: ['*'] },
    actor: service('identity:write'),
  })
  await halls.answer('identity.listRoles', {})
  await halls.answer('identity.assignRoles', { accountId, roles: ['support', 'buyers', 'support'] })
  await halls.answer('identity.me', {}, { actor: { kind: 'staff', id: accountId, permissions: [] } })
  await expectRefusals(halls, 'identity.assignRoles', {
    'identity.unknown_account': { accountId: unknown('acc'), roles: [] },
    'identity.unknown_role': { accountId, roles: ['gods'] },
  })
  await expectRefusal(halls, 'identity.not_yours_to_give', {
    path: 'identity.assignRoles',
    input: { accountId, roles: ['warehouse'] },
    actor: service('identity:write'),
  })
  const { nextCursor } = await halls.answer('identity.listAccounts', { limit: 1 })
  await halls.answer('identity.listAccounts', { limit: 1, cursor: nextCursor })
  await halls.answer('identity.listAccounts', { role: 'buyers', email: ann.email })
  await expectRefusals(halls, 'identity.listAccounts', { 'identity.bad_cursor': { cursor: 'nowhere' } })
}
