import { expect, test } from 'vitest'
import { Callers, createSealer } from './tokens.ts'

const secret = 'the secret of a hall'
const shop = { process: 'shop', modules: ['shop'], gateway: false }
const open = () => ({
  seal: createSealer(secret, shop),
  callers: new Callers(secret, (caller) => caller.startsWith('client:')),
})

test('requests may overtake each other, and each is good once', () => {
  const { seal, callers } = open()
  const sent = Array.from({ length: 100 }, (_, index) => ({ ...seal(`${index}`), body: `${index}` }))
  for (const each of sent.toReversed()) expect(callers.find(each)).toMatchObject({ process: 'shop' })
  for (const each of sent) expect(callers.find(each)).toBeUndefined()
})

test('one that thousands have overtaken is told to come again', () => {
  const { seal, callers } = open()
  const late = { ...seal('late'), body: 'late' }
  for (let index = 0; index < 5_000; index += 1) {
    const body = `${index}`
    expect(callers.find({ ...seal(body), body })).toMatchObject({ process: 'shop' })
  }
  expect(callers.find(late)).toBe('stale')
  expect(callers.find({ ...seal('late'), body: 'late' })).toMatchObject({ process: 'shop' })
})

test('a process speaks for its modules; a gateway for itself and for clients, too', () => {
  const { callers } = open()
  const speaker = (self: typeof shop) => {
    const found = callers.find({ ...createSealer(secret, self)('x'), body: 'x' })
    if (found === undefined || found === 'stale') throw new Error('It was not let in.')
    return ['shop', 'payments', 'gateway', 'client:guest'].filter((caller) => found.speaksFor(caller))
  }
  expect(speaker(shop)).toEqual(['shop'])
  expect(speaker({ ...shop, gateway: true })).toEqual(['shop', 'gateway', 'client:guest'])
})

test.each([
  ['nothing', ''],
  ['nonsense', 'a.b'],
  ['too much', `${'a'.repeat(10_000)}.b`],
])('a token that is %s is refused', (_what, token) => {
  const { seal, callers } = open()
  expect(callers.find({ ...seal('x'), token, body: 'x' })).toBeUndefined()
})
