import { DomainError } from '#platform/errors'

export const keyExists = () =>
  new DomainError(
    'identity.key_exists',
    'CONFLICT',
    'A key with this hash exists already. Make a new key and send its hash.',
  )

export const unknownKey = (keyId: string) =>
  new DomainError('identity.unknown_key', 'NOT_FOUND', `There is no API key ${keyId}.`)

export const lastOwner = (keyId: string) =>
  new DomainError(
    'identity.last_owner',
    'CONFLICT',
    `${keyId} is the owner's key and cannot be revoked: nobody could manage keys afterwards.`,
  )

export const emailTaken = () =>
  new DomainError('identity.email_taken', 'CONFLICT', 'There is an account with this e-mail already. Log in instead.')

export const wrongCredentials = () =>
  new DomainError('identity.wrong_credentials', 'UNAUTHORIZED', 'E-mail or password is wrong.')

export const tooManyAttempts = (retryAfterMs: number) =>
  new DomainError(
    'identity.too_many_attempts',
    'TOO_MANY_REQUESTS',
    'There were too many wrong attempts for this e-mail. Wait a while before the next one.',
    { retryAfterMs },
  )

export const busy = () =>
  new DomainError(
    'identity.busy',
    'TOO_MANY_REQUESTS',
    'Too many people are logging in at this moment. Ask again in a second.',
    { retryAfterMs: 1_000 },
  )

export const sessionEnded = () =>
  new DomainError('identity.session_ended', 'UNAUTHORIZED', 'This session has ended. Log in again.')

export const noAccount = () =>
  new DomainError('identity.no_account', 'NOT_FOUND', 'Whoever is asking signs in without an account, with an API key.')

export const badCursor = () =>
  new DomainError(
    'identity.bad_cursor',
    'BAD_REQUEST',
    'This cursor is none of ours. Send the nextCursor of the page before, or none for the first page.',
  )

export const unknownAccount = (accountId: string) =>
  new DomainError('identity.unknown_account', 'NOT_FOUND', `There is no account ${accountId}.`)

export const unknownRole = (name: string) =>
  new DomainError('identity.unknown_role', 'NOT_FOUND', `There is no role ${name}. Make it with identity.saveRole.`)

export const notYoursToGive = (permission: string) =>
  new DomainError(
    'identity.not_yours_to_give',
    'FORBIDDEN',
    `The permission ${permission} can be given, or taken away, only by somebody who holds it.`,
  )
