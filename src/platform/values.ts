/**
 * The vocabulary that every contract shares: money, currency, country, address, page, instants, ids.
 *
 * Everything here travels as JSON and means the same at any distance: integers are never `-0`, texts hold neither NUL nor
 * half a surrogate pair (PostgreSQL can store neither), objects refuse unknown fields.
 */
import { z } from 'zod'

/** A text of `min` to `max` UTF-16 units without NUL or half a surrogate pair; trimmed at both ends. */
export const text = (bounds: { min?: number; max: number }) =>
  z
    .string()
    .trim()
    .min(bounds.min ?? 1)
    .max(bounds.max)
    // oxlint-disable-next-line no-control-regex -- NUL is exactly what PostgreSQL refuses
    .regex(/^[^\u0000\ud800-\udfff]*$/u, 'must not contain a NUL character or half a surrogate pair')

/** An integer between `min` and `max`, both inclusive. `-0` becomes `0`, as it does in JSON. */
export const integer = (min: number, max: number) =>
  z
    .int()
    .min(min)
    .max(max)
    .overwrite((value) => value + 0)

/** An e-mail address, in small letters whatever the case it came in. */
export const email = z.string().trim().toLowerCase().max(254).pipe(z.email())

/** A name for addresses and commands: small letters, digits and single hyphens, at most 60, such as `tea-and-coffee`. */
export const slug = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be small letters, digits and single hyphens, such as tea-and-coffee')

/** ISO 4217, upper case, such as `GBP`. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as GBP')

/** ISO 3166-1 alpha-2, upper case, such as `GB`; `ZZ` is an unknown country. */
export const country = z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as GB')

/** The largest amount of one price or total: 10 billion in a currency with two decimals. */
export const amountMinorMax = 1_000_000_000_000

/** An amount in the currency's minor unit (pence for GBP), never negative. */
export const amountMinor = integer(0, amountMinorMax)

/** `{ amountMinor, currency }`: an integer number of minor units of a currency. */
export const money = z.strictObject({ amountMinor, currency })
export type Money = z.infer<typeof money>

/** PostgreSQL knows no year 0. */
const isOfOurEra = (written: string): boolean => !written.startsWith('0000')

/** An instant: ISO 8601 in UTC with milliseconds, such as `2010-12-01T08:26:00.000Z`. */
export const instant = z.iso.datetime({ precision: 3 }).refine(isOfOurEra, 'must not be in the year 0')

/** A calendar day in UTC, such as `2010-12-01`. */
export const day = z.iso.date().refine(isOfOurEra, 'must not be in the year 0')

/** A postal address. Only the country is mandatory. */
export const address = z.strictObject({
  country,
  name: text({ max: 200 }).optional(),
  company: text({ max: 200 }).optional(),
  line1: text({ max: 200 }).optional(),
  line2: text({ max: 200 }).optional(),
  city: text({ max: 100 }).optional(),
  region: text({ max: 100 }).optional(),
  postalCode: text({ max: 20 }).optional(),
  phone: text({ max: 40 }).optional(),
  email: z.email().max(254).optional(),
})
export type Address = z.infer<typeof address>

/** An id as `ctx.newId(prefix)` makes it: the prefix, `_`, a UUID. */
export const id = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`), `must be an id such as ${prefix}_…`)

/** What a page request holds: at most `limit` items (1 to 100, 20 by default) after `cursor`. */
export const pageRequest = { limit: integer(1, 100).optional(), cursor: text({ max: 200 }).optional() }

/** A page of items; `nextCursor` is null on the last page. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() })

/** Who acts: the person or program that a request speaks for, the same through every nested call. */
export const actor = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('guest') }),
  z.strictObject({ kind: z.literal('customer'), id: z.string() }),
  z.strictObject({ kind: z.enum(['staff', 'service']), id: z.string(), permissions: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('system'), id: z.string() }),
])
export type Actor = z.infer<typeof actor>

export const guest: Actor = Object.freeze({ kind: 'guest' })

/** Whether it is a member of staff, or a program that acts for the shop. */
export const isStaff = (who: Actor): boolean => who.kind === 'staff' || who.kind === 'service'

/** Whether the actor holds a permission such as `orders:price`. */
export const holds = (who: Actor, permission: string): boolean =>
  (who.kind === 'staff' || who.kind === 'service') &&
  (who.permissions.includes(permission) || who.permissions.includes('*'))
