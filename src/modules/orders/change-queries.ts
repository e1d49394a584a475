/**
 * What changes an order: one conditional statement each, which also writes its history. No row comes back where the
 * condition does not hold; nothing is changed then, and whoever asked finds out why.
 */
import { type Db, statement } from '#platform/data/database'
import { type SQL, sql } from 'drizzle-orm'
import { orderHistory, orders } from './schema.ts'

const given = sql.placeholder
const amount = sql`${given('amountMinor')}::bigint`
const isFrom = sql`state = any(${given('from')}::text[])`

/** What a neighbour is told of a changed order. */
const toldColumns = {
  orderId: sql<string>`changed.id`,
  version: sql`changed.version`.mapWith(Number),
  reference: sql<string>`changed.reference`,
  orderedAt: sql<string>`changed.ordered_at`,
  currency: sql<string>`changed.currency`,
  country: sql<string>`changed.country`,
  grossMinor: sql`changed.gross_minor`.mapWith(Number),
}

/** Puts one entry into the history of the order that `changed`, under its new version. */
const tell = (db: Db, what: SQL, more: { amount?: SQL; note?: SQL; at?: SQL } = {}) =>
  db.$with('told', {}).as(sql`
    insert into ${orderHistory} (order_id, version, what, amount_minor, note, at)
    select changed.id, changed.version, ${what}, ${more.amount ?? sql`null`}, ${more.note ?? sql`null`}, ${more.at ?? sql`${given('at')}`}
    from changed
    returning 1`)

export const cancelOrder = statement('orders_cancel', (db) => {
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set state = 'cancelled', version = version + 1
    where id = ${given('id')} and ${isFrom}
    returning *`)
  const told = tell(db, sql`'cancelled'`, { note: sql`${given('note')}` })
  return db
    .with(changed, told)
    .select(toldColumns)
    .from(sql`changed`)
})

/** Decides that an order ships: it can no longer be cancelled. */
export const startShipping = statement('orders_start_shipping', (db) => {
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set state = 'shipping', version = version + 1
    where id = ${given('id')} and ${isFrom}
    returning *`)
  return db
    .with(changed, tell(db, sql`'shipping'`))
    .select({ reference: sql<string>`changed.reference` })
    .from(sql`changed`)
})

/** An order's goods have left; `leftMinor` is what nobody has asked to capture yet, and is asked for now. */
export const finishShipping = statement('orders_finish_shipping', (db) => {
  // Locked and looked at first: an update answers only what is, not what was.
  const before = db.$with('before', {}).as(sql`
    select id, gross_minor - capture_requested_minor as left_minor from ${orders}
    where id = ${given('id')} and ${isFrom}
    for update`)
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} o
    set state = 'shipped', version = version + 1, carrier = ${given('carrier')}, tracking_number = ${given('trackingNumber')},
      capture_requested_minor = gross_minor
    from before where o.id = before.id
    returning o.*, before.left_minor`)
  return db
    .with(before, changed, tell(db, sql`'shipped'`))
    .select({ ...toldColumns, leftMinor: sql`changed.left_minor`.mapWith(Number) })
    .from(sql`changed`)
})

/** Asks for a part of what was not asked for yet. The money itself is counted once payments has told of it. */
export const requestCapture = statement('orders_request_capture', (db) => {
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set capture_requested_minor = capture_requested_minor + ${amount}, version = version + 1
    where id = ${given('id')} and currency = ${given('currency')} and state <> 'cancelled'
      and gross_minor - capture_requested_minor >= ${amount}
    returning *`)
  return db
    .with(changed, tell(db, sql`'capture_requested'`, { amount }))
    .select({ ...toldColumns, requestedMinor: sql`changed.capture_requested_minor`.mapWith(Number) })
    .from(sql`changed`)
})

/** Asks for a part of what was captured to be given back. Of a cancelled order all is given back anyway. */
export const requestRefund = statement('orders_request_refund', (db) => {
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set refund_requested_minor = refund_requested_minor + ${amount}, version = version + 1
    where id = ${given('id')} and currency = ${given('currency')} and state <> 'cancelled'
      and captured_minor - refund_requested_minor >= ${amount}
    returning *`)
  const told = tell(db, sql`'refund_requested'`, { amount, note: sql`${given('note')}` })
  return db
    .with(changed, told)
    .select({ ...toldColumns, requestedMinor: sql`changed.refund_requested_minor`.mapWith(Number) })
    .from(sql`changed`)
})

// A payment's events come in the order of its versions, so that one told again is known by its version.
const isNews = sql`reference = ${given('reference')} and currency = ${given('currency')}
  and payment_version < ${given('paymentVersion')}::bigint`

/**
 * Adds what was captured. An order whose whole total is captured is paid, which is a version of its own: `isPaid`. One
 * that was cancelled meanwhile stays so, and payments gives the money back.
 */
export const addCaptured = statement('orders_add_captured', (db) => {
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set
      captured_minor = captured_minor + ${amount},
      capture_requested_minor = greatest(capture_requested_minor, captured_minor + ${amount}),
      payment_version = ${given('paymentVersion')}::bigint,
      state = case when captured_minor + ${amount} = gross_minor and ${isFrom} then 'paid' else state end,
      version = version + case when captured_minor + ${amount} = gross_minor and state <> 'cancelled' then 2 else 1 end
    where ${isNews} and captured_minor + ${amount} <= gross_minor
    returning *, captured_minor = gross_minor and state <> 'cancelled' as is_paid`)
  const told = db.$with('told', {}).as(sql`
    insert into ${orderHistory} (order_id, version, what, amount_minor, at)
    select id, version - is_paid::int, 'captured', ${amount}, ${given('at')} from changed
    union all
    select id, version, 'paid', null, ${given('at')} from changed where is_paid
    returning 1`)
  return db
    .with(changed, told)
    .select({ ...toldColumns, isPaid: sql<boolean>`changed.is_paid` })
    .from(sql`changed`)
})

/** Takes back what was asked for and is not to be had, so that it may be asked for again. */
const forgetRequested = (requested: 'capture' | 'refund') => (db: Db) => {
  const [counted, done] =
    requested === 'capture'
      ? [sql`capture_requested_minor`, sql`captured_minor`]
      : [sql`refund_requested_minor`, sql`refunded_minor`]
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set ${counted} = greatest(${done}, ${counted} - ${amount}),
      payment_version = ${given('paymentVersion')}::bigint, version = version + 1
    where ${isNews}
    returning *`)
  return db
    .with(changed, tell(db, sql.raw(`'${requested}_refused'`), { amount }))
    .select({ orderId: sql<string>`changed.id` })
    .from(sql`changed`)
}
export const forgetCapture = statement('orders_forget_capture', forgetRequested('capture'))
export const forgetRefund = statement('orders_forget_refund', forgetRequested('refund'))

/** Adds what was given back. */
export const addRefunded = statement('orders_add_refunded', (db) => {
  const changed = db.$with('changed', {}).as(sql`
    update ${orders} set
      refunded_minor = refunded_minor + ${amount},
      refund_requested_minor = greatest(refund_requested_minor, refunded_minor + ${amount}),
      payment_version = ${given('paymentVersion')}::bigint,
      version = version + 1
    where ${isNews} and refunded_minor + ${amount} <= captured_minor
    returning *`)
  return db
    .with(changed, tell(db, sql`'refunded'`, { amount }))
    .select({ ...toldColumns, isCancelled: sql<boolean>`changed.state = 'cancelled'` })
    .from(sql`changed`)
})
