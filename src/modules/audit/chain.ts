/**
 * The chain of records: each holds the SHA-256 of its own fields and of the hash before it, so that nobody can change,
 * remove, insert or reorder a record without breaking every link after it. What is cut off at the end is found by the
 * head, which is kept beside the records. Whoever rewrites all records and the head leaves a chain that is intact and
 * ends in another hash: against that, keep the head's hash in another place.
 */
import type { Actor } from '#platform/values'
import { createHash } from 'node:crypto'

/** What a record tells. */
export type Content = {
  eventId: string
  source: string
  operation: string
  actor: Actor
  requestId: string
  inputHash: string
  /** The reason for which it was refused; null where it was done. */
  refused: string | null
  /** How often. */
  times: number
  /** Why it was done; null where nobody asked. */
  note: string | null
  at: string
}

/** Where the chain ends: the number and the hash of its last record. */
export type Head = { number: number; hash: string }

export type ChainRecord = Content & Head & { previousHash: string }

/** The head of a chain without records. */
export const emptyChain: Head = Object.freeze({ number: 0, hash: '0'.repeat(64) })

/** The record that follows the head. */
export function recordAfter(head: Head, content: Content): ChainRecord {
  const unsealed = { ...content, number: head.number + 1, previousHash: head.hash }
  return { ...unsealed, hash: hashOf(unsealed) }
}

/** The records that follow the head, each the one before it. */
export function chainAfter(head: Head, contents: readonly Content[]): ChainRecord[] {
  let last = head
  return contents.map((content) => {
    const record = recordAfter(last, content)
    last = record
    return record
  })
}

/** The SHA-256 of a record's fields, as 64 hex digits. */
export function hashOf(record: Omit<ChainRecord, 'hash'>): string {
  const { number, previousHash, eventId, source, operation, actor, requestId, inputHash, refused, times, note, at } =
    record
  // A list says which field is which by its place, and the first tells the form. What was done once has the form of the time
  // when nothing else was recorded: so what was written then is still read the same way.
  const plain = refused === null && times === 1 ? ['audit/1'] : ['audit/2', refused, times]
  const form = note === null ? plain : ['audit/3', refused, times, note]
  const fields = [...form, number, previousHash, eventId, source, operation, actor, requestId, inputHash, at]
  return createHash('sha256').update(JSON.stringify(fields, withSortedKeys)).digest('hex')
}

// PostgreSQL keeps the keys of a JSON object in an order of its own.
const withSortedKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value

/** How far a chain was followed, and the number of the first record that is not what was written. */
export type Walk = { reached: Head; firstBroken: number | null }

export const startOfWalk: Walk = Object.freeze({ reached: emptyChain, firstBroken: null })

/** Follows the chain through the next records, in the order of their numbers. It stops where a link does not hold. */
export function follow(walk: Walk, next: readonly ChainRecord[]): Walk {
  if (walk.firstBroken !== null) return walk
  let reached = walk.reached
  for (const record of next) {
    if (!isNext(record, reached)) return { reached, firstBroken: reached.number + 1 }
    reached = { number: record.number, hash: record.hash }
  }
  return { reached, firstBroken: null }
}

const isNext = (record: ChainRecord, reached: Head): boolean =>
  record.number === reached.number + 1 && record.previousHash === reached.hash && record.hash === hashOf(record)

/**
 * The number of the first record that is not what was written, once all were followed; null where the chain is intact.
 * A record is missing at the end, stands behind the head, or differs from what the head remembers of it.
 */
export function firstBrokenOf({ reached, firstBroken }: Walk, head: Head): number | null {
  if (firstBroken !== null) return firstBroken
  if (reached.number !== head.number) return Math.min(reached.number, head.number) + 1
  return reached.hash === head.hash ? null : Math.max(1, head.number)
}
