import {
  anyone,
  command,
  customer,
  defineContract,
  internal,
  query,
  type RouterOf,
  saga,
  staff,
} from '#platform/contract'
import { actor, email, id, pageOf, pageRequest, slug, text } from '#platform/values'
import { z } from 'zod'

/** SHA-256 of an API key, as 64 hex digits: the key itself never reaches the hall's tables or its journal. */
const keyHash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the key, as 64 hex digits')

/** `<module>:<verb>`, such as `orders:price`; `*` is everything. */
const permission = z.string().regex(/^(\*|[a-z]+:[a-z]+)$/, 'must be a permission such as orders:read, or *')

/** A password as it was typed: 10 to 200 UTF-16 units, nothing trimmed. */
const password = z.string().min(10).max(200)

/** A refresh token as `logIn` and `refresh` give it out: it works once. */
const refreshToken = z.string().regex(/^mhr_[A-Za-z0-9_-]{43}$/, 'must be a refresh token, as it was given out')

const apiKey = z.strictObject({
  id: id('key'),
  name: z.string(),
  permissions: z.array(permission),
  createdAt: z.string(),
  revokedAt: z.string().nullable(),
})

const account = z.strictObject({
  id: id('acc'),
  email: z.string(),
  name: z.string().nullable(),
  /** Somebody with a role is staff; everybody else is a customer. */
  roles: z.array(z.string()),
  createdAt: z.string(),
})

const role = z.strictObject({ name: slug, permissions: z.array(permission).max(50) })

/** What somebody who signed in holds. The access token goes into `Authorization: Bearer …`. */
const session = z.strictObject({
  accessToken: z.string(),
  /** ISO 8601 in UTC: when the access token ends, and it is time to `refresh`. */
  accessTokenExpiresAt: z.string(),
  refreshToken: z.string(),
  refreshTokenExpiresAt: z.string(),
  account,
})

export const contract = defineContract('identity', {
  /** Makes a customer's account. The same again, with the same password, answers the same. */
  register: saga({
    access: anyone,
    secret: true,
    input: z.strictObject({ email, password, name: text({ max: 200 }).optional() }),
    output: account,
    reasons: ['identity.email_taken', 'identity.busy'],
  }),
  /** Opens a session. Wrong e-mail and wrong password are told alike; too many of them make the account wait. */
  logIn: saga({
    access: anyone,
    secret: true,
    input: z.strictObject({ email, password }),
    output: session,
    reasons: ['identity.wrong_credentials', 'identity.too_many_attempts', 'identity.busy'],
  }),
  /**
   * Gives a new pair of tokens for a refresh token, which ends with it. A token that comes a second time was stolen, or its
   * answer was lost: within seconds it is answered again, later it ends the whole session.
   */
  refresh: saga({
    access: anyone,
    secret: true,
    input: z.strictObject({ refreshToken }),
    output: session,
    reasons: ['identity.session_ended'],
  }),
  /** Ends the session of a refresh token. Repeating the call is harmless. */
  logOut: command({
    access: anyone,
    secret: true,
    input: z.strictObject({ refreshToken }),
    output: z.strictObject({ ended: z.boolean() }),
  }),
  /** Who is signed in. API keys have no account. */
  me: query({
    access: customer,
    input: z.strictObject({}),
    output: account.extend({ permissions: z.array(z.string()) }),
    reasons: ['identity.no_account'],
  }),
  /** The public keys (JWKS, Ed25519) by which anybody can check an access token. */
  signingKeys: query({
    access: anyone,
    input: z.strictObject({}),
    output: z.strictObject({
      keys: z.array(
        z.strictObject({
          kty: z.string(),
          crv: z.string(),
          x: z.string(),
          kid: z.string(),
          alg: z.string(),
          use: z.string(),
        }),
      ),
    }),
  }),
  /** Who a session belongs to, with the permissions of the moment; `actor` is null where it has ended. */
  authenticateSession: query({
    access: internal,
    input: z.strictObject({ sessionId: id('ses') }),
    output: z.strictObject({ actor: actor.nullable() }),
  }),
  /** Accounts, oldest first, a page at a time. */
  listAccounts: query({
    access: staff('identity:read'),
    input: z.strictObject({ ...pageRequest, email: email.optional(), role: slug.optional() }),
    output: pageOf(account),
    reasons: ['identity.bad_cursor'],
  }),
  /** Gives an account these roles and no others. Nobody gives or takes away a permission that he does not hold. */
  assignRoles: command({
    access: staff('identity:write'),
    input: z.strictObject({ accountId: id('acc'), roles: z.array(slug).max(20) }),
    output: account,
    reasons: ['identity.unknown_account', 'identity.unknown_role', 'identity.not_yours_to_give'],
  }),
  /** Makes a role, or changes what it permits. Nobody puts in or changes what he does not hold. */
  saveRole: command({
    access: staff('identity:write'),
    input: role,
    output: role,
    reasons: ['identity.not_yours_to_give'],
  }),
  /** The roles and what each permits, by name. */
  listRoles: query({
    access: staff('identity:read'),
    input: z.strictObject({}),
    output: z.strictObject({ roles: z.array(role) }),
  }),
  /** Tells who holds the API key with this hash; `actor` is null for an unknown or revoked one. */
  authenticate: query({
    access: internal,
    input: z.strictObject({ keyHash }),
    output: z.strictObject({ actor: actor.nullable() }),
  }),
  /** Creates the owner, who may do everything, unless there is one. */
  ensureOwner: command({
    access: internal,
    input: z.strictObject({ keyHash }),
    output: z.strictObject({ created: z.boolean() }),
  }),
  /** Creates an API key for a program. The caller makes the key and sends its hash. */
  createApiKey: command({
    access: staff('identity:write'),
    input: z.strictObject({ name: text({ max: 100 }), permissions: z.array(permission).max(50), keyHash }),
    output: apiKey,
    reasons: ['identity.key_exists'],
  }),
  /** Revokes an API key. Repeating the call is harmless. */
  revokeApiKey: command({
    access: staff('identity:write'),
    input: z.strictObject({ id: id('key') }),
    output: apiKey,
    reasons: ['identity.unknown_key', 'identity.last_owner'],
  }),
  /** Lists the API keys, without their secrets, oldest first. */
  listApiKeys: query({
    access: staff('identity:read'),
    input: z.strictObject({}),
    output: z.strictObject({ keys: z.array(apiKey) }),
  }),
})
export type IdentityRouter = RouterOf<typeof contract>
