import { command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import { actor, id, text } from '#platform/values'
import { z } from 'zod'

/** SHA-256 of an API key, as 64 hex digits: the key itself never reaches the hall's tables or its journal. */
const keyHash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the key, as 64 hex digits')

/** `<module>:<verb>`, such as `orders:price`; `*` is everything. */
const permission = z.string().regex(/^(\*|[a-z]+:[a-z]+)$/, 'must be a permission such as orders:read, or *')

const apiKey = z.strictObject({
  id: id('key'),
  name: z.string(),
  permissions: z.array(permission),
  createdAt: z.string(),
  revokedAt: z.string().nullable(),
})

export const contract = defineContract('identity', {
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
