/**
 * Law 2: a call means the same at any distance. Halls in lockstep, near, far and behind a gateway that forwards everything, with the
 * same clock and ids are asked the same: value, error and, afterwards, every row are equal.
 *
 * `DIFFERENTIAL_SEED` and `DIFFERENTIAL_RUNS` ask for other, and more, generated calls.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareJournals } from './differential/journals.ts'
import { generateCalls } from './differential/calls.ts'
import { type Lockstep, openLockstep, operations } from './differential/lockstep.ts'
import { compareMemory } from './differential/memory.ts'
import { tellStory } from './differential/story.ts'
import { payOnShipping } from './differential/story/orders.ts'

const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20101201)
const runs = Number(process.env['DIFFERENTIAL_RUNS'] ?? 160)

/** Reasons that no sequence of calls meets, each with why. */
const outOfReach: Record<string, string> = {
  'payments.authorise: payments.provider_unavailable': 'an outage of the provider',
  'payments.void: payments.provider_unavailable': 'an outage of the provider',
  'checkout.complete: payments.provider_unavailable': 'an outage of the provider',
  'identity.register: identity.busy': 'a crowd at one instant',
  'identity.logIn: identity.busy': 'a crowd at one instant',
  'checkout.hold: checkout.unknown_sku': 'a catalog that forgets what it has sold',
  'checkout.complete: checkout.unknown_sku': 'a catalog that forgets what it has sold',
  'fulfilment.ship: orders.unknown_order': 'orders that have forgotten what they told fulfilment of',
}

describe('near, far and at the public door', () => {
  let halls: Lockstep
  beforeAll(async () => {
    halls = await openLockstep()
  })
  afterAll(() => halls?.[Symbol.asyncDispose]())

  test('every operation answers and refuses alike, and leaves the same rows', async () => {
    await tellStory(halls)
    expect(await halls.compareRows()).toBeGreaterThan(400)
  }, 180_000)

  test('money that is captured on shipping is captured alike', async () => {
    await using paidLater = await openLockstep({ CAPTURE_ON: 'shipping' })
    await payOnShipping(paidLater)
    halls.countReached(paidLater)
  })

  test('the journals read alike', () => compareJournals(halls))

  test('guests are answered from memory what is so', async () => {
    await compareMemory(halls, seed)
    await halls.answer('catalog.setPrice', { sku: 'LAMP', price: { amountMinor: 1888, currency: 'GBP' } })
    await halls.answer('fulfilment.saveMethod', {
      code: 'post',
      country: 'GB',
      name: 'By post',
      price: { amountMinor: 1, currency: 'GBP' },
    })
    await compareMemory(halls, seed)
    await halls.compareRows()
    await compareMemory(halls, seed)
  })

  test(
    'generated calls, right and wrong, answer alike and leave the same rows',
    async () => {
      await generateCalls(halls, { seed, runs })
      await compareMemory(halls, seed + 1)
    },
    60_000 + runs * 1_000,
  )

  test('every operation was reached with success and with a refusal, and every promised reason was met', () => {
    const unreached = operations.filter(({ path }) => !halls.succeeded.has(path) || !halls.refused.has(path))
    expect(unreached.map(({ path }) => path)).toEqual([])
    const unmet = operations.flatMap(({ path, spec }) =>
      spec.reasons.filter((reason) => !halls.refused.get(path)?.has(reason)).map((reason) => `${path}: ${reason}`),
    )
    expect(unmet.toSorted()).toEqual(Object.keys(outOfReach).toSorted())
  })

  test('every operation was asked for at the public door, where the internal ones do not exist', () => {
    const [hidden, open] = [true, false].map((isInternal) =>
      operations.filter(({ spec }) => (spec.access.kind === 'internal') === isInternal).map(({ path }) => path),
    )
    expect(open!.filter((path) => !halls.atDoor.has(path))).toEqual([])
    expect([...halls.hidden].toSorted()).toEqual(hidden!.toSorted())
  })
})
