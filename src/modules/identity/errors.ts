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
