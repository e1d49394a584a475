/** `hall reconcile`, on a hall whose provider has what nobody here asked for. */
import { JobContext } from '#platform/calls/contexts'
import { jobContext } from '#platform/events/run-job'
import type { TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { keyFor, run } from './command-line.ts'
import { buy, expectWhole, openShop } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]

/** Has payments compare the books, now and once its grace is over. */
async function compareBooks(hall: TestHall): Promise<void> {
  const { runtime, assembly } = hall.processes[0]!.hosted.get('payments')!
  const call = { actor: { kind: 'system' as const, id: 'payments' }, requestId: 'req_books', key: undefined }
  const schedule = assembly.schedules!.find(({ name }) => name === 'reconcile with the provider')!
  for (let times = 0; times < 2; times += 1) {
    await schedule.run(new JobContext(runtime, jobContext(runtime, call)))
    await hall.sql('update payments.differences set due_at = clock_timestamp()')
  }
}

test('a shop whose books agree is told so; a charge that nobody asked for is shown until it is accepted', async () => {
  await using hall = await openShop('near')
  const key = await keyFor(hall, ['payments:read', 'payments:reconcile'])
  const at = ['--url', hall.url]
  expect(await run(['reconcile', ...at], key)).toEqual({
    code: 0,
    out: ['0 transactions of the provider were compared, not to the end yet. Nothing differs.'],
    err: '',
  })
  await buy(hall, mug)
  await expect(buy(hall, mug, 'card_declined')).rejects.toThrow()
  await buy(hall, mug, 'card_fail_capture_once')
  await expectWhole(hall)
  await compareBooks(hall)
  const agreed =
    '5 transactions of the provider were compared, to the end at 2026-01-01T12:00:00.000Z. Nothing differs.'
  expect(await run(['reconcile', ...at], key)).toEqual({ code: 0, out: [agreed], err: '' })

  const body = JSON.stringify({ kind: 'authorise', amountMinor: 700, currency: 'GBP', source: 'card_ok' })
  await fetch(`${hall.paymentsUrl}/v1/attempts/by-hand`, { method: 'PUT', body })
  await compareBooks(hall)
  const { code, out } = await run(['reconcile', ...at], key)
  expect([code, out[0]]).toEqual([1, expect.stringMatching(/^6 transactions .* 1 differs\.$/)])
  expect(out[2]).toMatch(
    /^auth_\w+ +not known here +– +nothing +authorise £7\.00 succeeded +2026-01-01T12:00:00\.000Z$/,
  )
  const json = await run(['reconcile', ...at, '--json'], key)
  const told = JSON.parse(json.out[0]!) as { open: number; differences: { id: string }[] }
  expect({ code: json.code, told }).toMatchObject({
    code: 1,
    told: {
      compared: 6,
      problem: null,
      open: 1,
      differences: [{ kind: 'unknown_here', theirs: { amountMinor: 700 } }],
    },
  })

  const { id } = told.differences[0]!
  const reader = await keyFor(hall, ['payments:read'])
  const accept = ['reconcile', 'accept', id, ...at, '--because', 'Taken by telephone.']
  expect(await run(accept, reader)).toMatchObject({ code: 1, err: expect.stringContaining('platform.forbidden') })
  expect(await run(accept, key)).toEqual({ code: 0, out: [`${id}: accepted.`], err: '' })
  expect(await run(accept, key)).toMatchObject({ code: 1, err: expect.stringContaining('payments.unknown_difference') })
  expect(await run(['reconcile', ...at], key)).toMatchObject({ code: 0 })
  expect((await run(['reconcile', '--resolved', ...at], key)).out[2]).toMatch(/ Taken by telephone\.$/)
  await hall.settle()
  expect((await hall.calls.audit.list.query({ limit: 1 })).entries).toMatchObject([
    { operation: 'payments.acceptDifference' },
  ])
})

test('books that cannot be read are told as such, by the exit code too', async () => {
  await using hall = await openShop('near', { env: { PAYMENTS_URL: 'http://127.0.0.1:1' } })
  await compareBooks(hall)
  const { code, out } = await run(['reconcile', '--url', hall.url], await keyFor(hall, ['payments:read']))
  expect(code).toBe(1)
  expect(out[1]).toMatch(/^The provider's books cannot be read at the moment: .*did not answer/)
})

test('used wrongly, it says how it is used', async () => {
  expect(await run(['reconcile', 'nothing'], 'key')).toMatchObject({ code: 2 })
  expect(await run(['reconcile', 'accept', 'auth_1'], 'key')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--because'),
  })
})
