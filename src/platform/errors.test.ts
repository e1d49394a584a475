import { expect, test } from 'vitest'
import { DomainError, leavesOutcomeUnknown, unknownOperation } from './errors.ts'

test('a door that does not know the call, or us, says nothing of what an earlier sending has done', () => {
  expect(leavesOutcomeUnknown(unknownOperation('orders.place'))).toBe(true)
  expect(leavesOutcomeUnknown(new DomainError('platform.not_a_process', 'UNAUTHORIZED', 'No.'))).toBe(true)
  expect(leavesOutcomeUnknown(new DomainError('orders.no', 'CONFLICT', 'No.'))).toBe(false)
})
