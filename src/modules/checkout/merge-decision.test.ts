import { expect, test } from 'vitest'
import { decideMerge, type MergeableCart } from './merge-decision.ts'

const asked = { cartId: 'crt_guest', token: 'tok_guest', customer: 'acc_1' }
const cart = (more: Partial<MergeableCart> = {}): MergeableCart => ({
  id: 'crt_guest',
  token: 'tok_guest',
  tokenBefore: null,
  customer: null,
  state: 'open',
  lineCount: 2,
  ...more,
})
const own = (more: Partial<MergeableCart> = {}) =>
  cart({ id: 'crt_own', token: 'tok_own', customer: 'acc_1', lineCount: 3, ...more })

test('a guest’s lines join the customer’s open cart, and without one the cart changes hands', () => {
  expect(decideMerge([cart(), own()], asked)).toEqual({ kind: 'join', into: own() })
  expect(decideMerge([cart()], asked)).toEqual({ kind: 'hand over', into: cart() })
  expect(decideMerge([cart(), own({ state: 'completing' })], asked)).toEqual({ kind: 'hand over', into: cart() })
})

test('what is done already is answered again', () => {
  const merged = cart({ state: 'merged', customer: 'acc_1', lineCount: 0 })
  expect(decideMerge([merged, own({ state: 'completed' })], asked)).toMatchObject({
    kind: 'nothing',
    into: { id: 'crt_own' },
  })
  const handed = cart({ token: 'tok_new', tokenBefore: 'tok_guest', customer: 'acc_1', state: 'completed' })
  expect(decideMerge([handed, own()], asked)).toEqual({ kind: 'nothing', into: handed })
  const always = cart({ customer: 'acc_1' })
  expect(decideMerge([always, own()], asked)).toEqual({ kind: 'nothing', into: always })
})

test('a cart that is not there, not known by this token or another customer’s is unknown', () => {
  const refusals = [
    [own()],
    [cart({ token: 'tok_other' })],
    [cart({ customer: 'acc_2' })],
    [cart({ state: 'merged', customer: 'acc_2' }), own({ customer: 'acc_2' })],
    [cart({ tokenBefore: 'tok_guest', token: 'tok_new', customer: 'acc_2' })],
  ]
  for (const carts of refusals) expect(() => decideMerge(carts, asked)).toThrow('There is no cart crt_guest')
})

test('a cart that is being bought is closed, and a thousand lines are the most', () => {
  for (const state of ['completing', 'completed'] as const) {
    expect(() => decideMerge([cart({ state }), own()], asked)).toThrow('is closed')
  }
  expect(() => decideMerge([cart(), own({ lineCount: 999 })], asked)).toThrow('at most 1000 lines')
  expect(decideMerge([cart(), own({ lineCount: 998 })], asked).kind).toBe('join')
})
