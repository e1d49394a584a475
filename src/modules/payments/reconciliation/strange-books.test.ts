/** A provider's books that stop in the middle, change, repeat themselves, make no sense or never end. */
import type { TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import {
  type BooksPage,
  type Outcome,
  type PaymentProvider,
  ProviderRefused,
  ProviderUnavailable,
  type Transaction,
} from '../provider.ts'
import {
  compareBooks,
  inside,
  letGracePass,
  letRowsAge,
  nothing,
  payOnce,
  reconciliationOf,
  startPayments,
} from '../testing/payments.ts'
import { reconcile } from './reconcile.ts'

/** A provider with the books that a test gives it, in pages of two, which remembers from where it was read. */
class GivenBooks {
  readonly asked: string[] = []
  transactions: Transaction[]
  failsAfter = Infinity

  constructor(transactions: Transaction[]) {
    this.transactions = transactions
  }

  books({ after }: { after: string }): Promise<BooksPage> {
    this.asked.push(after)
    if (this.asked.length > this.failsAfter) return Promise.reject(new ProviderUnavailable('It is out.'))
    const from = Number(after)
    if (from > this.transactions.length)
      return Promise.reject(new ProviderRefused({ status: 422, code: 'unknown_cursor', message: 'No.' }))
    const page = this.transactions.slice(from, from + 2)
    const next = String(from + page.length)
    return Promise.resolve({ transactions: page, next, more: from + 2 < this.transactions.length })
  }

  find(key: string): Promise<Outcome | 'unknown'> {
    const found = this.transactions.find((each) => each.key === key)
    return Promise.resolve(found ? { status: 'succeeded', providerId: found.providerId } : 'unknown')
  }
}

const stranger = (number: number): Transaction => ({
  providerId: `auth_${number}`,
  key: null,
  kind: 'authorise',
  status: 'succeeded',
  amountMinor: number,
  currency: 'GBP',
  authorisation: null,
})

const compareWith = (hall: TestHall, provider: Pick<PaymentProvider, 'books' | 'find'>) =>
  reconcile(provider as PaymentProvider).run(inside(hall).ctx)

test('books are read on from where the last run ended, also where that was in the middle', async () => {
  await using hall = await startPayments('near')
  const provider = new GivenBooks(Array.from({ length: 7 }, (_, number) => stranger(number)))
  provider.failsAfter = 2
  expect(await compareWith(hall, provider)).toEqual({ ...nothing, compared: 4, unavailable: 1 })
  expect(await reconciliationOf(hall)).toMatchObject({ compared: 4, upToDateAt: null, problem: 'It is out.' })
  provider.failsAfter = Infinity
  expect(await compareWith(hall, provider)).toEqual({ ...nothing, compared: 3 })
  expect(provider.asked).toEqual(['', '2', '4', '4', '6'])
  const upToDateAt = '2026-01-01T12:00:00.000Z'
  expect(await reconciliationOf(hall)).toMatchObject({ compared: 7, upToDateAt, problem: null })
  provider.transactions.push(stranger(8))
  expect(await compareWith(hall, provider)).toEqual({ ...nothing, compared: 1 })
  await letGracePass(hall)
  expect(await compareWith(hall, provider)).toEqual({ ...nothing, found: 8 })
})

test('books are begun anew where they are others than before', async () => {
  await using hall = await startPayments('near')
  await payOnce(hall)
  await compareWith(hall, new GivenBooks([1, 2, 3, 4, 5].map(stranger)))
  expect(await compareBooks(hall)).toEqual({ ...nothing, compared: 2 })
  expect(await reconciliationOf(hall)).toMatchObject({ compared: 2, problem: null })
  expect(await hall.sql('select 1 from payments.attempts where reconciled_at is null')).toEqual([])
})

test('a second charge under our key differs, and stays so', async () => {
  await using hall = await startPayments('near')
  await payOnce(hall)
  const [authorised] = await hall.sql<{ id: string; provider_id: string }>(
    `select id, provider_id from payments.attempts where kind = 'authorise'`,
  )
  const { id: key, provider_id: providerId } = authorised!
  const ours = { ...stranger(1250), key, providerId }
  const provider = new GivenBooks([ours, { ...ours, providerId: 'auth_again' }])
  await compareWith(hall, provider)
  for (const found of [1, 0, 0]) {
    await letGracePass(hall)
    expect(await compareWith(hall, provider)).toEqual({ ...nothing, found })
  }
  expect((await reconciliationOf(hall)).differences).toMatchObject([
    { id: 'auth_again', kind: 'other_charge', attemptId: key },
  ])
})

test('books that lack what the provider knows when it is asked do not differ', async () => {
  await using hall = await startPayments('near')
  await payOnce(hall)
  await letRowsAge(hall)
  const rows = await hall.sql<{ id: string; provider_id: string }>('select id, provider_id from payments.attempts')
  const provider = {
    books: new GivenBooks([]).books,
    asked: [],
    transactions: [],
    find: (key: string) =>
      Promise.resolve({ status: 'succeeded' as const, providerId: rows.find(({ id }) => id === key)!.provider_id }),
  }
  expect(await compareWith(hall, provider)).toEqual(nothing)
  expect(await hall.sql('select 1 from payments.differences')).toEqual([])
  expect(await hall.sql('select 1 from payments.attempts where reconciled_at is null')).toEqual([])
})

test('books that never end are read no longer than others, and what they repeat counts once', async () => {
  await using hall = await startPayments('near')
  let pages = 0
  const endless = {
    books: () =>
      Promise.resolve({ transactions: [stranger(1), stranger(1)], next: `page ${(pages += 1)}`, more: true }),
    find: () => Promise.resolve('unknown' as const),
  }
  expect(await compareWith(hall, endless)).toMatchObject({ unavailable: 0 })
  expect(pages).toBeLessThanOrEqual(50)
  await letGracePass(hall)
  expect(await compareWith(hall, endless)).toMatchObject({ found: 1 })
  expect(await reconciliationOf(hall)).toMatchObject({ open: 1, upToDateAt: null })
})

test('books that make no sense, or cannot be reached, change nothing, and are told as such', async () => {
  await using hall = await startPayments('near')
  await payOnce(hall)
  await compareBooks(hall)
  const failing = (error: Error) => ({ books: () => Promise.reject(error), find: () => Promise.reject(error) })
  const noPage = new ProviderUnavailable('The payment provider gave no page of its books.')
  expect(await compareWith(hall, failing(noPage))).toEqual({ ...nothing, unavailable: 1 })
  expect(await reconciliationOf(hall)).toMatchObject({ compared: 2, open: 0, problem: noPage.message })
  const noRoute = new ProviderRefused({ status: 404, code: 'unnamed', message: 'no reason given' })
  expect(await compareWith(hall, failing(noRoute))).toEqual({ ...nothing, unavailable: 1 })
  expect(await reconciliationOf(hall)).toMatchObject({ problem: expect.stringContaining('404') })
  expect(await compareBooks(hall)).toEqual(nothing)
  expect(await reconciliationOf(hall)).toMatchObject({ compared: 2, problem: null })
})

test('books are compared once where two do so at the same time', async () => {
  await using hall = await startPayments('near')
  await payOnce(hall)
  const runs = await Promise.allSettled([compareBooks(hall), compareBooks(hall), compareBooks(hall)])
  expect(runs.some(({ status }) => status === 'fulfilled')).toBe(true)
  expect(await reconciliationOf(hall)).toMatchObject({ compared: 2, open: 0 })
})
