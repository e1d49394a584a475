import { expect, test } from 'vitest'
import { createTurnstile } from './turnstile.ts'

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const piece = { began: false, run: () => ((piece.began = true), promise), end: resolve, fail: reject }
  return piece
}

const begun = (pieces: ReturnType<typeof work>[]) => pieces.map(({ began }) => began)
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('as many as may run do, as many as may wait do so in turn, and the rest are refused at once', async () => {
  const turnstile = createTurnstile({ atOnce: 2, waitingMax: 2 })
  const pieces = Array.from({ length: 5 }, work)
  const [first, second, third, fourth] = pieces
  const outcomes = pieces.map(({ run }) => turnstile(run))
  await expect(outcomes[4]).rejects.toMatchObject({ reason: 'identity.busy', retryAfterMs: 1_000 })
  expect(begun(pieces)).toEqual([true, true, false, false, false])
  second!.end('second')
  await turn()
  expect(begun(pieces)).toEqual([true, true, true, false, false])
  first!.fail(new Error('first'))
  await expect(outcomes[0]).rejects.toThrow('first')
  await turn()
  expect(begun(pieces)).toEqual([true, true, true, true, false])
  third!.end('third')
  fourth!.end('fourth')
  expect(await Promise.all(outcomes.slice(1, 4))).toEqual(['second', 'third', 'fourth'])
  // Everybody has left: all places are free again, and none was made twice.
  const later = Array.from({ length: 3 }, work)
  const answers = later.map(({ run }) => turnstile(run))
  await turn()
  expect(begun(later)).toEqual([true, true, false])
  for (const { end } of later) end('later')
  await Promise.all(answers)
})
