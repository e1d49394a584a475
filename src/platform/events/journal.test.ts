import { expect, test } from 'vitest'
import { inKeyOrder } from './journal.ts'

const event = (id: string, key: string, version: number) => ({ id, key, version })
const idsOf = (events: { id: string }[]) => events.map(({ id }) => id).join(' ')

test("a key's events take their places in the order of their versions, and others keep theirs", () => {
  expect(idsOf(inKeyOrder([event('a2', 'a', 2), event('b1', 'b', 1), event('a1', 'a', 1)]))).toBe('a1 b1 a2')
})

test('events of one version keep the order in which they were announced', () => {
  expect(idsOf(inKeyOrder([event('first', 'a', 1), event('second', 'a', 1), event('third', 'a', 1)]))).toBe(
    'first second third',
  )
})
