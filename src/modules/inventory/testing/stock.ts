/** What the tests of the inventory share. */
import { hash } from 'node:crypto'
import type { TestHall } from '#testing/hall'
import { expect } from 'vitest'

export const line = (sku: string, quantity: number) => ({ sku, quantity })

/** An id that belongs to a reference. */
function idOf(prefix: string, reference: string): string {
  const digits = hash('sha256', reference, 'hex')
  return `${prefix}_${digits.slice(0, 8)}-0000-7000-8000-${digits.slice(8, 20)}`
}

/** What fulfilment tells once the goods of an order have left. */
export const shippedOf = (reference: string) => ({
  shipmentId: idOf('shp', reference),
  version: 2,
  orderId: idOf('ord', reference),
  reference,
  carrier: null,
  trackingNumber: null,
  shippedAt: '2026-01-02T00:00:00.000Z',
})

/** What orders tells of an order that was cancelled. */
export const cancelledOf = (reference: string) => ({
  orderId: idOf('ord', reference),
  version: 2,
  reference,
  orderedAt: '2026-01-01T00:00:00.000Z',
  currency: 'GBP',
  country: 'GB',
  grossMinor: 100,
})

/** At each location on-hand is what the ledger adds up to, reserved what the open reservations do, and held what the holds do. */
export async function expectBalance({ sql }: Pick<TestHall, 'sql'>): Promise<void> {
  const broken = await sql(`
    select s.sku, s.location from "inventory".stock s
    where s.on_hand <> (
        select sum(l.delta) from "inventory".stock_ledger l where l.sku = s.sku and l.location = s.location)
      or s.reserved <> coalesce((
        select sum(l.quantity) from "inventory".reservation_lines l
        join "inventory".reservations r on r.id = l.reservation_id and r.state = 'open'
        where l.sku = s.sku and l.location = s.location), 0)
      or s.held <> coalesce((
        select sum(l.quantity) from "inventory".hold_lines l where l.sku = s.sku and l.location = s.location), 0)
      or s.reserved + s.held > s.on_hand
    union all
    select l.sku, l.location from "inventory".hold_lines l
    where not exists (select from "inventory".holds h where h.reference = l.reference)`)
  expect(broken).toEqual([])
}

/** Lets all holds end: they do by the database's clock, which a test does not wait for. */
export async function expireHolds({ sql }: Pick<TestHall, 'sql'>): Promise<void> {
  await sql(`update "inventory".holds set expires_at = clock_timestamp() - interval '1 second'`)
}
