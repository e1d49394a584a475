import type { Actor } from '#platform/values'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ChainRecord,
  type Content,
  emptyChain,
  firstBrokenOf,
  follow,
  hashOf,
  type Head,
  recordAfter,
  startOfWalk,
} from './chain.ts'

const seed = 1_202_010
const word = fc.string({ minLength: 1, maxLength: 12 })
const actors: fc.Arbitrary<Actor> = fc.oneof(
  fc.constant<Actor>({ kind: 'guest' }),
  fc.record({ kind: fc.constantFrom('staff', 'service'), id: word, permissions: fc.array(word, { maxLength: 3 }) }),
)
const contents: fc.Arbitrary<Content> = fc.record({
  eventId: word,
  source: word,
  operation: word,
  actor: actors,
  requestId: word,
  inputHash: word,
  refused: fc.option(word),
  times: fc.integer({ min: 1, max: 3 }),
  note: fc.option(fc.string(), { nil: null }),
  at: word,
})
const chains = fc.array(contents, { minLength: 2, maxLength: 12 }).map(chainOf)
const places = fc.nat()

function chainOf(all: Content[]): ChainRecord[] {
  let head: Head = emptyChain
  return all.map((content) => {
    const record = recordAfter(head, content)
    head = record
    return record
  })
}

const headOf = (records: ChainRecord[]): Head => records.at(-1) ?? emptyChain
const judge = (records: ChainRecord[], head: Head) => firstBrokenOf(follow(startOfWalk, records), head)

test('an untouched chain is intact, whole or followed in pages', () => {
  fc.assert(
    fc.property(chains, places, (records, place) => {
      const cut = place % records.length
      const inPages = follow(follow(startOfWalk, records.slice(0, cut)), records.slice(cut))
      expect(judge(records, headOf(records))).toBeNull()
      expect(firstBrokenOf(inPages, headOf(records))).toBeNull()
    }),
    { seed },
  )
})

test('a chain without records is intact', () => expect(judge([], emptyChain)).toBeNull())

test('the order of keys in the actor does not matter', () => {
  const [record] = chainOf([
    {
      eventId: 'evt_1',
      source: 'orders',
      operation: 'orders.cancel',
      actor: { kind: 'staff', id: 'key_1', permissions: ['*'] },
      requestId: 'req_1',
      inputHash: 'f0',
      refused: null,
      times: 1,
      note: null,
      at: '2010-12-01T08:26:00.000Z',
    },
  ]) as [ChainRecord]
  expect(hashOf({ ...record, actor: { permissions: ['*'], id: 'key_1', kind: 'staff' } })).toBe(record.hash)
  // Pinned: a chain that was written must be read the same way for ever.
  expect(record.hash).toBe('4848880dffc2c33aecf647e3f1376d6a1b256164c994ce4876b993819ad2453b')
  const refused = { ...record, refused: 'platform.forbidden', times: 3 }
  expect(hashOf(refused)).toBe('6c330eebe8a34c02de1b11898a7a6c937bbf62dbe731d8c62eddd7d226240eb4')
})

describe('what was done to a chain is found at its place', () => {
  const fields = [
    'number',
    'eventId',
    'source',
    'operation',
    'requestId',
    'inputHash',
    'refused',
    'times',
    'note',
    'at',
    'previousHash',
    'hash',
  ] as const

  test.each(fields)('a changed %s', (field) => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % records.length
        const touched = records.map((record, at) => {
          if (at !== index) return record
          const value = record[field]
          return { ...record, [field]: typeof value === 'number' ? value + 1 : `${value}x` }
        })
        expect(judge(touched, headOf(records))).toBe(index + 1)
      }),
      { seed },
    )
  })

  test('a changed actor', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % records.length
        const actor: Actor = { kind: 'customer', id: 'somebody else' }
        const touched = records.map((record, at) => (at === index ? { ...record, actor } : record))
        expect(judge(touched, headOf(records))).toBe(index + 1)
      }),
      { seed },
    )
  })

  test('a refusal that was made into a deed, and a deed into a refusal', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % records.length
        const touched = records.map((record, at) => {
          if (at !== index) return record
          return { ...record, refused: record.refused === null ? 'platform.forbidden' : null }
        })
        expect(judge(touched, headOf(records))).toBe(index + 1)
      }),
      { seed },
    )
  })

  test('a changed record with a new hash of its own', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % records.length
        const touched = records.map((record, at) => {
          if (at !== index) return record
          const changed = { ...record, operation: `${record.operation}x` }
          return { ...changed, hash: hashOf(changed) }
        })
        // Only the one after it, or the head, remembers what it was.
        expect(judge(touched, headOf(records))).toBe(Math.min(index + 2, records.length))
      }),
      { seed },
    )
  })

  test('a removed record, also at the end', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % records.length
        expect(judge(records.toSpliced(index, 1), headOf(records))).toBe(index + 1)
      }),
      { seed },
    )
  })

  test('a removed record whose followers were numbered anew', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % records.length
        const touched = records.toSpliced(index, 1).map((record, at) => ({ ...record, number: at + 1 }))
        expect(judge(touched, headOf(records))).toBe(index + 1)
      }),
      { seed },
    )
  })

  test('an inserted record, also behind the head', () => {
    fc.assert(
      fc.property(chains, places, contents, (records, place, content) => {
        const index = place % (records.length + 1)
        const inserted = recordAfter(records[index - 1] ?? emptyChain, content)
        const touched = [
          ...records.slice(0, index),
          inserted,
          ...records.slice(index).map((record) => ({ ...record, number: record.number + 1 })),
        ]
        const broken = judge(touched, headOf(records))
        expect(broken).toBe(index === records.length ? index + 1 : index + 2)
      }),
      { seed },
    )
  })

  test('two records that changed places', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const index = place % (records.length - 1)
        const [one, other] = [records[index], records[index + 1]] as [ChainRecord, ChainRecord]
        const touched = records
          .with(index, { ...other, number: one.number })
          .with(index + 1, { ...one, number: other.number })
        expect(judge(touched, headOf(records))).toBe(index + 1)
      }),
      { seed },
    )
  })

  test('an end that was cut off, and all records gone', () => {
    fc.assert(
      fc.property(chains, places, (records, place) => {
        const kept = place % records.length
        expect(judge(records.slice(0, kept), headOf(records))).toBe(kept + 1)
      }),
      { seed },
    )
  })

  test('a head that was changed, or is gone', () => {
    fc.assert(
      fc.property(chains, (records) => {
        const head = headOf(records)
        expect(judge(records, { ...head, hash: emptyChain.hash })).toBe(records.length)
        expect(judge(records, { ...head, number: head.number + 1 })).toBe(records.length + 1)
        expect(judge(records, emptyChain)).toBe(1)
        expect(judge([], { number: 0, hash: head.hash })).toBe(1)
      }),
      { seed },
    )
  })
})
