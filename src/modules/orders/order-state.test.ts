import { expect, test } from 'vitest'
import { statesBefore, statesWhenPlaced } from './order-state.ts'

test('only a placed order becomes paid, and nothing becomes placed', () => {
  expect(statesBefore('paid')).toEqual(['placed'])
  expect(statesBefore('placed')).toEqual([])
})

test('an order that costs nothing is paid as soon as it is placed', () => {
  expect(statesWhenPlaced(0)).toEqual(['placed', 'paid'])
  expect(statesWhenPlaced(1)).toEqual(['placed'])
})
