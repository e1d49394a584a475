/** What identity asks and tells its tables about accounts, the attempts at their passwords, and roles. */
import { statement } from '#platform/data/database'
import { eq, type SQL, sql } from 'drizzle-orm'
import type { contract } from '../contract.ts'
import type { AnswerOf } from '#platform/contract'
import { accounts, passwordAttempts, roles } from '../schema.ts'

export type AccountView = AnswerOf<typeof contract.operations.register>
export type Role = AnswerOf<typeof contract.operations.saveRole>

const given = (name: string, type: string): SQL => sql`${sql.placeholder(name)}::${sql.raw(type)}`
/** A row to select single values from. */
const answer = sql`(select) as answer`

/** An account as contracts show it, of a table or CTE by its alias. */
export const accountColumns = (alias: string) => ({
  id: sql<string>`${sql.raw(alias)}.id`,
  email: sql<string>`${sql.raw(alias)}.email`,
  name: sql<string | null>`${sql.raw(alias)}.name`,
  roles: sql<string[]>`${sql.raw(alias)}.roles`,
  createdAt: sql<string>`${sql.raw(alias)}.created_at`,
})

/** What the roles of an account permit together, sorted, as JSON. */
export const permissionsOf = (alias: string) => sql<string[]>`(
  select coalesce(jsonb_agg(distinct held.permission order by held.permission), '[]')
  from ${roles} r, jsonb_array_elements_text(r.permissions) as held (permission)
  where r.name = any (${sql.raw(alias)}.roles))`

/**
 * Counts an attempt at an e-mail's password unless there were too many since `staleBefore`, and finds the account.
 * Its row is locked by then, so that of attempts at the same moment no more than the rest are counted.
 */
export const countAttempt = statement('identity_count_attempt', (db) => {
  const counted = db.$with('counted', { startedAt: sql<string>`started_at` }).as(sql`
    insert into ${passwordAttempts} as a (email_hash, attempts, started_at)
    values (${given('emailHash', 'text')}, 1, ${given('now', 'text')})
    on conflict (email_hash) do update
    set attempts = case when a.started_at <= ${given('staleBefore', 'text')} then 1 else a.attempts + 1 end,
        started_at = case when a.started_at <= ${given('staleBefore', 'text')} then excluded.started_at else a.started_at end
    where a.attempts < ${given('attemptsMax', 'int')} or a.started_at <= ${given('staleBefore', 'text')}
    returning started_at`)
  return db
    .with(counted)
    .select({
      counted: sql<boolean>`exists (select from counted)`,
      startedAt: sql<string | null>`(
        select a.started_at from ${passwordAttempts} a where a.email_hash = ${given('emailHash', 'text')})`,
      accountId: sql<string | null>`found.id`,
      passwordHash: sql<string | null>`found.password_hash`,
    })
    .from(sql`(select) as one left join ${accounts} as found on found.email = ${given('email', 'text')}`)
})

export const forgetAttempts = statement('identity_forget_attempts', (db) =>
  db.delete(passwordAttempts).where(eq(passwordAttempts.emailHash, sql.placeholder('emailHash'))),
)

export const accountByEmail = statement('identity_account_by_email', (db) =>
  db
    .select({ ...accountColumns('a'), passwordHash: sql<string>`a.password_hash` })
    .from(sql`${accounts} as a where a.email = ${given('email', 'text')}`),
)

/** Makes an account, unless its e-mail is taken. */
export const insertAccount = statement('identity_insert_account', (db) => {
  const made = db.$with('made', { id: sql<string>`id` }).as(sql`
    insert into ${accounts} (id, email, name, password_hash, roles, created_at, version)
    values (${given('id', 'text')}, ${given('email', 'text')}, ${given('name', 'text')},
            ${given('passwordHash', 'text')}, '{}', ${given('now', 'text')}, 1)
    on conflict (email) do nothing
    returning *`)
  return db.with(made).select(accountColumns('made')).from(made)
})

/** An account with what it may do. */
export const accountById = statement('identity_account_by_id', (db) =>
  db
    .select({ ...accountColumns('a'), permissions: permissionsOf('a') })
    .from(sql`${accounts} as a where a.id = ${given('id', 'text')}`),
)

/** Accounts after a place, oldest first; `email` and `role` narrow them down where they are not null. */
export const accountsAfter = statement('identity_accounts_after', (db) =>
  db
    .select(accountColumns('a'))
    .from(
      sql`${accounts} as a
      where (a.created_at, a.id) > (${given('afterCreatedAt', 'text')}, ${given('afterId', 'text')})
        and (${given('email', 'text')} is null or a.email = ${given('email', 'text')})
        and (${given('role', 'text')} is null or a.roles @> array[${given('role', 'text')}])`,
    )
    .orderBy(sql`a.created_at, a.id`)
    .limit(sql.placeholder('limit')),
)

/**
 * Gives an account these roles, unless one is `unknown`, or one that is given or taken away permits what is not among `held`
 * (`*` is everything). `account` is null where nothing was changed.
 */
export const giveRoles = statement('identity_give_roles', (db) => {
  const wanted = given('roles', 'text[]')
  const unknown = db.$with('unknown', { name: sql<string>`name` }).as(sql`
    select w.name from unnest(${wanted}) as w (name) where not exists (select from ${roles} r where r.name = w.name)`)
  const missing = db.$with('missing', { permission: sql<string>`permission` }).as(sql`
    select p.permission from ${roles} r, jsonb_array_elements_text(r.permissions) as p (permission)
    where (r.name = any (${wanted}) or r.name = any (
        select unnest(a.roles) from ${accounts} a where a.id = ${given('accountId', 'text')}))
      and p.permission <> all (${given('held', 'text[]')})
      and '*' <> all (${given('held', 'text[]')})`)
  const changed = db.$with('changed', { id: sql<string>`id` }).as(sql`
    update ${accounts} set roles = ${wanted}, version = version + 1
    where id = ${given('accountId', 'text')} and not exists (select from unknown) and not exists (select from missing)
    returning *`)
  return db
    .with(unknown, missing, changed)
    .select({
      unknown: sql<string | null>`(select min(u.name) from unknown u)`,
      missing: sql<string | null>`(select min(m.permission) from missing m)`,
      account: sql<AccountView | null>`(
        select json_build_object('id', c.id, 'email', c.email, 'name', c.name, 'roles', c.roles, 'createdAt', c.created_at)
        from changed c)`,
    })
    .from(answer)
})

/** Saves a role. No row comes back where it is there and permits what is not among `held` (`*` is everything). */
export const upsertRole = statement('identity_upsert_role', (db) =>
  db
    .insert(roles)
    .values({ name: sql.placeholder('name'), permissions: sql.placeholder('permissions'), version: 1 })
    .onConflictDoUpdate({
      target: roles.name,
      set: { permissions: sql`excluded.permissions`, version: sql`${roles}.version + 1` },
      setWhere: sql`'*' = any (${given('held', 'text[]')}) or not exists (
        select from jsonb_array_elements_text(${roles}.permissions) as p (permission)
        where p.permission <> all (${given('held', 'text[]')}))`,
    })
    .returning({ name: roles.name, permissions: roles.permissions }),
)

/** All roles, by name. */
export const allRoles = statement('identity_all_roles', (db) =>
  db
    .select({ name: roles.name, permissions: roles.permissions })
    .from(roles)
    .orderBy(sql`name collate "C"`),
)
