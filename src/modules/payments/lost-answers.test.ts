/** A provider that answers late, or not at all, or through somebody who does not know. Whatever it has in the end is in our books, and nothing stays on hold. */
import { eventually } from '#testing/eventually'
import { owner, startTestHall, type TestHall } from '#testing/hall'
import { readCharges } from '#testing/invariants'
import { describe, expect, test } from 'vitest'
import { authorisation, expectBooksInOrder, letTimePass, paymentOf, sweep } from './testing/payments.ts'
import { openWitness, type Witness } from './testing/witness.ts'

const refused = (reason: string) => ({ data: { reason } })
const webPage = (status: number) => ({ status, body: '<html>' })

/** A hall whose payments ask their provider through a witness. */
async function openWatched(distance: 'near' | 'far' = 'near') {
  const witness = await openWitness()
  const env = { PAYMENTS_URL: witness.url }
  const hall = await startTestHall({ modules: ['payments'], distance, leaseMs: 400, env })
  witness.target = hall.paymentsUrl
  return {
    hall,
    witness,
    async [Symbol.asyncDispose]() {
      await hall[Symbol.asyncDispose]()
      await witness[Symbol.asyncDispose]()
    },
  }
}

const attemptOf = async ({ sql }: TestHall) =>
  (await sql<{ id: string }>(`select id from payments.attempts where kind = 'authorise'`))[0]!.id

/** What the provider holds of our customers' money, and has not captured. */
const heldOf = async ({ paymentsUrl }: TestHall) =>
  (await readCharges(paymentsUrl))
    .filter(({ status }) => status === 'succeeded')
    .reduce((sum, { amountMinor, capturedMinor, voidedMinor }) => sum + amountMinor - capturedMinor - voidedMinor, 0)

const pay = ({ calls }: TestHall, key?: string) =>
  calls.payments.authorise.mutate(authorisation('r'), key === undefined ? {} : { key })

/** Nothing answers until the undo of the payment is parked. */
async function parkUndo(hall: TestHall, witness: Witness): Promise<string> {
  witness.rest = 'is late'
  await expect(pay(hall)).rejects.toMatchObject(refused('payments.provider_unavailable'))
  await hall.sql(`update payments.sagas set attempts = 39, lease_until = null`)
  await hall.settle()
  const { dead } = await hall.calls.payments.deadList.query({})
  expect(dead).toMatchObject([{ kind: 'saga', name: 'payments.authorise', attempts: 40 }])
  return dead[0]!.id
}

describe.each(['near', 'far'] as const)('%s', (distance) => {
  test('a provider that did not answer is asked with the same key, and then what it has is voided', async () => {
    await using watched = await openWatched(distance)
    const { hall, witness } = watched
    witness.next = ['loses its answer', 'loses its answer']
    await expect(pay(hall)).rejects.toMatchObject(refused('payments.provider_unavailable'))
    await expectBooksInOrder(hall)
    const key = await attemptOf(hall)
    expect(witness.asked).toEqual([key, key, key, `${key}:void`])
    expect(await paymentOf(hall)).toMatchObject({ state: 'voided', authorised: 1250, voided: 1250 })
  })
})

/** Pays, to where the provider has charged and its answer is held. */
async function payHeld({ hall, witness }: Awaited<ReturnType<typeof openWatched>>) {
  witness.next = ['is held']
  const outcome = outcomeOf(pay(hall, 'k'))
  await eventually(
    () => readCharges(hall.paymentsUrl),
    ({ length }) => length === 1,
  )
  return { outcome }
}

describe.each(['near', 'far'] as const)('while the provider is asked, %s', (distance) => {
  test('a payment is taken back: its charge is voided, and who waits for it is refused', async () => {
    await using watched = await openWatched(distance)
    const { hall, witness } = watched
    const { outcome } = await payHeld(watched)
    expect(await hall.as(owner, { undoesKey: 'k' }).payments.void.mutate({ reference: 'r' })).toEqual({})
    await witness.deliver()
    expect(await outcome).toBe('refused')
    await expectBooksInOrder(hall)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ voidedMinor: 1250 }])
  })

  test('a run loses its saga: it books nothing', async () => {
    await using watched = await openWatched(distance)
    const { hall, witness } = watched
    const { outcome } = await payHeld(watched)
    await hall.sql(
      `update payments.sagas set lease_token = 'of another run', lease_until = clock_timestamp() + interval '1 s'`,
    )
    await witness.deliver()
    expect(await outcome).toBe('refused')
    await expectBooksInOrder(hall)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ voidedMinor: 1250 }])
  })
})

const outcomeOf = (payment: Promise<unknown>) =>
  payment.then(
    () => 'authorised',
    () => 'refused',
  )

test('a void whose answer was lost is asked for again with its own key', async () => {
  await using watched = await openWatched()
  const { hall, witness } = watched
  await pay(hall, 'k')
  witness.next = ['loses its answer']
  expect(await hall.as(owner, { undoesKey: 'k' }).payments.void.mutate({ reference: 'r' })).toEqual({})
  await expectBooksInOrder(hall)
  const key = await attemptOf(hall)
  expect(witness.asked).toEqual([key, `${key}:void`, `${key}:void`])
  expect(await heldOf(hall)).toBe(0)
})

test('what arrives at the provider after all was undone finds its key used, and charges nothing', async () => {
  await using watched = await openWatched()
  const { hall, witness } = watched
  witness.next = ['is late', 'is late']
  await expect(pay(hall)).rejects.toMatchObject(refused('payments.provider_unavailable'))
  await expectBooksInOrder(hall)
  await witness.deliver()
  expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ amountMinor: 1250, voidedMinor: 1250 }])
  await expectBooksInOrder(hall)
})

test('what arrives after the saga has given up is found, and voided once a person lets it be tried again', async () => {
  await using watched = await openWatched()
  const { hall, witness } = watched
  const id = await parkUndo(hall, witness)
  await witness.deliver()
  expect(await heldOf(hall)).toBe(1250)
  witness.rest = 'passes'
  await letTimePass(hall)
  expect(await sweep(hall)).toEqual({ asked: 1, resolved: 1, unavailable: 0 })
  await hall.calls.payments.deadRetry.mutate({ id })
  await expectBooksInOrder(hall)
  expect(await heldOf(hall)).toBe(0)
  expect(await paymentOf(hall)).toMatchObject({ state: 'voided', captured: 0 })
})

test.each([404, 401, 403])(
  'a page with %i from the way there is no word of the provider: the undo goes on',
  async (status) => {
    await using watched = await openWatched()
    const { hall, witness } = watched
    witness.next = ['loses its answer', webPage(status), webPage(status)]
    await expect(pay(hall)).rejects.toMatchObject(refused('payments.provider_unavailable'))
    await expectBooksInOrder(hall)
    expect(await heldOf(hall)).toBe(0)
    expect(await paymentOf(hall)).toMatchObject({ state: 'voided', authorised: 1250, voided: 1250 })
  },
)

test('nor is the refusal of a credential that was known when it was asked first', async () => {
  await using watched = await openWatched()
  const { hall, witness } = watched
  const badKey = { status: 401, body: '{"error":{"code":"bad_key","message":"no"}}' }
  witness.next = ['loses its answer', badKey, badKey]
  await expect(pay(hall)).rejects.toMatchObject(refused('payments.provider_unavailable'))
  await expectBooksInOrder(hall)
  expect(await heldOf(hall)).toBe(0)
})

test('a page from the way there does not refuse a payment, which may be asked for again', async () => {
  await using watched = await openWatched()
  const { hall, witness } = watched
  witness.next = [webPage(404)]
  await expect(pay(hall)).rejects.toMatchObject(refused('payments.provider_unavailable'))
  await expectBooksInOrder(hall)
})
