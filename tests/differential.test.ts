/**
 * Law 2: a call means the same at any distance. Halls in lockstep, near and far, with the same clock and ids are asked
 * the same: value, error and, afterwards, every row are equal.
 *
 * `DIFFERENTIAL_SEED` and `DIFFERENTIAL_RUNS` ask for other, and more, generated calls.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareJournals } from './differential/journals.ts'
import { generateCalls } from './differential/calls.ts'
import { type Lockstep, openLockstep, operations } from './differential/lockstep.ts'
import { tellStory } from './differential/story.ts'

const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20101201)
const runs = Number(process.env['DIFFERENTIAL_RUNS'] ?? 160)

/** What only an outage, or a provider or a neighbour that forgets, would show. */
const isOutOfReach = (path: string, reason: string): boolean =>
  reason === 'payments.provider_unavailable' ||
  [
    'checkout.getCart: checkout.unknown_sku',
    'checkout.complete: checkout.unknown_sku',
    'payments.capture: payments.provider_refused',
  ].includes(`${path}: ${reason}`)

describe('near and far', () => {
  let halls: Lockstep
  beforeAll(async () => {
    halls = await openLockstep()
  })
  afterAll(() => halls?.[Symbol.asyncDispose]())

  test('every operation answers and refuses alike, and leaves the same rows', async () => {
    await tellStory(halls)
    expect(await halls.compareRows()).toBeGreaterThan(200)
  })

  test('the journals read alike', () => compareJournals(halls))

  test('generated calls, right and wrong, answer alike and leave the same rows', async () => {
    await generateCalls(halls, { seed, runs })
  })

  test('every operation was reached with success and with a refusal, and every promised reason was met', () => {
    const promised = operations.map(({ path, spec }) => ({
      path,
      reasons: spec.reasons.filter((reason) => !isOutOfReach(path, reason)),
    }))
    const unreached = promised.filter(({ path }) => !halls.succeeded.has(path) || !halls.refused.has(path))
    expect(unreached.map(({ path }) => path)).toEqual([])
    const unmet = promised.flatMap(({ path, reasons }) =>
      reasons.filter((reason) => !halls.refused.get(path)?.has(reason)).map((reason) => `${path}: ${reason}`),
    )
    expect(unmet).toEqual([])
  })
})
