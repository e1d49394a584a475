import { expect, test } from 'vitest'
import { orderState } from './contract.ts'
import { capturedOnPlacing, statesBefore, statesWhenPlaced } from './order-state.ts'

test('an order is paid before it ships, unless its money is captured as its goods leave', () => {
  expect(statesBefore('paid')).toEqual(['placed'])
  expect(statesBefore('shipping', 'placing')).toEqual(['paid'])
  expect(statesBefore('shipping', 'shipping')).toEqual(['placed', 'paid'])
  expect(statesBefore('shipped')).toEqual(['shipping'])
})

test('what has begun to ship is never cancelled, what is cancelled becomes nothing else, and nothing becomes placed', () => {
  expect(statesBefore('cancelled')).toEqual(['placed', 'paid'])
  for (const captureOn of ['placing', 'shipping'] as const) {
    const befores = orderState.options.flatMap((state) => statesBefore(state, captureOn))
    expect(befores).not.toContain('cancelled')
    expect(befores).not.toContain('shipped')
  }
  expect(statesBefore('placed')).toEqual([])
})

test('an order that costs nothing is paid as soon as it is placed', () => {
  expect(statesWhenPlaced(0)).toEqual(['placed', 'paid'])
  expect(statesWhenPlaced(1)).toEqual(['placed'])
})

test('what is not sent is captured on placing, whenever the rest is', () => {
  expect(capturedOnPlacing({ grossMinor: 120, hasGoods: true }, 'placing')).toBe(120)
  expect(capturedOnPlacing({ grossMinor: 120, hasGoods: true }, 'shipping')).toBe(0)
  expect(capturedOnPlacing({ grossMinor: 120, hasGoods: false }, 'shipping')).toBe(120)
})
