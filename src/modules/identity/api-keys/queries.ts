import { statement } from '#platform/data/database'
import { and, asc, eq, isNull, ne, sql } from 'drizzle-orm'
import type { contract } from '../contract.ts'
import type { AnswerOf } from '#platform/contract'
import { apiKeys } from '../schema.ts'

export type ApiKeyRow = typeof apiKeys.$inferSelect
export type ApiKeyView = AnswerOf<typeof contract.operations.createApiKey>

export const viewOf = ({ id, name, permissions, createdAt, revokedAt }: ApiKeyRow): ApiKeyView => ({
  id,
  name,
  permissions,
  createdAt,
  revokedAt,
})

/** Who holds the key with this hash, if it was not revoked. Asked by nearly every request from outside. */
export const holderByKeyHash = statement('identity_holder_by_key_hash', (db) =>
  db
    .select({ id: apiKeys.id, kind: apiKeys.kind, permissions: apiKeys.permissions })
    .from(apiKeys)
    .where(and(eq(apiKeys.keyHash, sql.placeholder('keyHash')), isNull(apiKeys.revokedAt))),
)

/** Inserts a key unless its hash is known, or it would be a second owner. */
export const insertApiKey = statement('identity_insert_api_key', (db) =>
  db
    .insert(apiKeys)
    .values({
      id: sql.placeholder('id'),
      name: sql.placeholder('name'),
      kind: sql.placeholder('kind'),
      permissions: sql.placeholder('permissions'),
      keyHash: sql.placeholder('keyHash'),
      createdAt: sql.placeholder('createdAt'),
      version: 1,
    })
    .onConflictDoNothing()
    .returning(),
)

export const apiKeyByHash = statement('identity_api_key_by_hash', (db) =>
  db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.keyHash, sql.placeholder('keyHash'))),
)

export const apiKeyById = statement('identity_api_key_by_id', (db) =>
  db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.id, sql.placeholder('id'))),
)

/** Revokes a key that is neither revoked nor the owner's. */
export const revokeServiceKey = statement('identity_revoke_service_key', (db) =>
  db
    .update(apiKeys)
    .set({ revokedAt: sql`${sql.placeholder('revokedAt')}`, version: sql`${apiKeys.version} + 1` })
    .where(and(eq(apiKeys.id, sql.placeholder('id')), ne(apiKeys.kind, 'owner'), isNull(apiKeys.revokedAt)))
    .returning(),
)

/** All keys, oldest first. */
export const allApiKeys = statement('identity_all_api_keys', (db) =>
  db.select().from(apiKeys).orderBy(asc(apiKeys.createdAt), asc(apiKeys.id)),
)
