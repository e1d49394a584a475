/** What identity asks and tells its tables about sessions. Each decides by one statement, on the session's locked row. */
import { statement } from '#platform/data/database'
import { type SQL, sql } from 'drizzle-orm'
import { accountColumns, permissionsOf } from '../accounts/queries.ts'
import { accounts, passwordAttempts, refreshTokens, sessions } from '../schema.ts'

const given = (name: string, type = 'text'): SQL => sql`${sql.placeholder(name)}::${sql.raw(type)}`
/** A row to select single values from. */
const answer = sql`(select) as answer`

/** For how long a used token is answered again: its answer may have been lost. */
const answeredAgain = sql.raw(`interval '10 seconds'`)

/** Opens a session with its first token, forgets the attempts at the password, and keeps the renewed hash if any. */
export const openSession = statement('identity_open_session', (db) => {
  const forgotten = db.$with('forgotten', { emailHash: sql<string>`email_hash` }).as(sql`
    delete from ${passwordAttempts} where email_hash = ${given('emailHash')} returning email_hash`)
  const renewed = db.$with('renewed', { id: sql<string>`id` }).as(sql`
    update ${accounts} set password_hash = ${given('renewedHash')}, version = version + 1
    where id = ${given('accountId')} and ${given('renewedHash')} is not null returning id`)
  const opened = db.$with('opened', { id: sql<string>`id` }).as(sql`
    insert into ${sessions} (id, account_id, started_at, expires_at, lasts_until, version)
    values (${given('id')}, ${given('accountId')}, ${given('now')}, ${given('expiresAt')}, ${given('lastsUntil')}, 1)
    returning id`)
  const handed = db.$with('handed', { id: sql<string>`session_id` }).as(sql`
    insert into ${refreshTokens} (token_hash, session_id, issued_at)
    select ${given('tokenHash')}, o.id, ${given('now')} from opened o returning session_id`)
  return db
    .with(forgotten, renewed, opened, handed)
    .select(accountColumns('a'))
    .from(sql`${accounts} as a where a.id = ${given('accountId')}`)
})

/**
 * Whether a refresh token is good as far as it goes; one that comes back late closes its session.
 * `closed` is that session, where it was open until now.
 */
export const lookAtToken = statement('identity_look_at_token', (db) => {
  const token = db.$with('token', { id: sql<string>`id` }).as(sql`
    select t.session_id as id, coalesce(t.ended_at < clock_timestamp() - ${answeredAgain}, false) as is_late
    from ${refreshTokens} t where t.token_hash = ${given('tokenHash')}`)
  const closed = db.$with('closed', { id: sql<string>`id` }).as(sql`
    update ${sessions} s set closed_at = ${given('now')}, closed_for = 'token_reused', version = s.version + 1
    from token t where s.id = t.id and t.is_late and s.closed_at is null returning s.id`)
  return db
    .with(token, closed)
    .select({
      good: sql<boolean>`exists (select from token t where not t.is_late)`,
      closed: sql<string | null>`(select c.id from closed c)`,
    })
    .from(answer)
})

/**
 * Gives out a token's successor and puts the session's end off. Empty where the session or the token is over, or the
 * token was used before and is late. Two at the same moment wait for each other at the session's row, and both get a successor.
 */
export const rotateToken = statement('identity_rotate_token', (db) => {
  const put = db.$with('put', { id: sql<string>`id` }).as(sql`
    update ${sessions} s set expires_at = least(${given('expiresAt')}, s.lasts_until), version = s.version + 1
    from ${refreshTokens} t
    where t.token_hash = ${given('tokenHash')} and s.id = t.session_id and t.issued_at > ${given('issuedAfter')}
      and (t.ended_at is null or t.ended_at >= clock_timestamp() - ${answeredAgain})
      and s.closed_at is null and s.expires_at > ${given('now')}
    returning s.id, s.account_id, s.expires_at`)
  const used = db.$with('used', { id: sql<string>`session_id` }).as(sql`
    update ${refreshTokens} t set ended_at = coalesce(t.ended_at, clock_timestamp())
    from put p where t.token_hash = ${given('tokenHash')} returning t.session_id`)
  const handed = db.$with('handed', { id: sql<string>`session_id` }).as(sql`
    insert into ${refreshTokens} (token_hash, session_id, issued_at)
    select ${given('newTokenHash')}, p.id, ${given('now')} from put p returning session_id`)
  return db
    .with(put, used, handed)
    .select({ sessionId: sql<string>`p.id`, expiresAt: sql<string>`p.expires_at`, account: accountColumns('a') })
    .from(sql`put p join ${accounts} a on a.id = p.account_id`)
})

/** Closes the session of a refresh token, used or not. `known` is false where there is no such token. */
export const closeSession = statement('identity_close_session', (db) => {
  const token = db.$with('token', { id: sql<string>`id` }).as(sql`
    select t.session_id as id from ${refreshTokens} t where t.token_hash = ${given('tokenHash')}`)
  const closed = db.$with('closed', { id: sql<string>`id` }).as(sql`
    update ${sessions} s set closed_at = ${given('now')}, closed_for = 'logged_out', version = s.version + 1
    from token t where s.id = t.id and s.closed_at is null returning s.id`)
  return db
    .with(token, closed)
    .select({ known: sql<boolean>`exists (select from token)` })
    .from(answer)
})

/** Who an open session belongs to. Asked by nearly every request of somebody who is signed in. */
export const holderOfSession = statement('identity_holder_of_session', (db) =>
  db.select({ id: sql<string>`a.id`, roles: sql<string[]>`a.roles`, permissions: permissionsOf('a') }).from(
    sql`${sessions} as s join ${accounts} as a on a.id = s.account_id
      where s.id = ${given('sessionId')} and s.closed_at is null and s.expires_at > ${given('now')}`,
  ),
)

/** Forgets sessions that have expired, with their tokens; at most `limit`. */
export const forgetSessions = statement('identity_forget_sessions', (db) =>
  db
    .delete(sessions)
    .where(
      sql`id in (select s.id from ${sessions} s where s.expires_at <= ${given('now')}
                 order by s.expires_at limit ${given('limit', 'int')} for update skip locked)`,
    )
    .returning({ id: sessions.id }),
)

/** Forgets tokens that have expired, of sessions that live on; at most `limit`. */
export const forgetTokens = statement('identity_forget_tokens', (db) =>
  db
    .delete(refreshTokens)
    .where(
      sql`token_hash in (select t.token_hash from ${refreshTokens} t
                         where t.issued_at <= ${given('issuedBefore')}
                         order by t.issued_at limit ${given('limit', 'int')} for update skip locked)`,
    )
    .returning({ tokenHash: refreshTokens.tokenHash }),
)

/** Forgets attempts that count no more; at most `limit`. */
export const forgetStaleAttempts = statement('identity_forget_stale_attempts', (db) =>
  db
    .delete(passwordAttempts)
    .where(
      sql`email_hash in (select p.email_hash from ${passwordAttempts} p where p.started_at <= ${given('staleBefore')}
                         order by p.started_at limit ${given('limit', 'int')} for update skip locked)`,
    )
    .returning({ emailHash: passwordAttempts.emailHash }),
)
