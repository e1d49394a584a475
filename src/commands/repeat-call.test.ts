import { TRPCClientError } from '@trpc/client'
import { expect, test } from 'vitest'
import { repeatCall } from './repeat-call.ts'

const refusal = (code: string, reason: string) =>
  new TRPCClientError('no', { result: { error: { code: -32_000, message: 'no', data: { code, reason } } } })
const noAnswer = () => TRPCClientError.from(new TypeError('fetch failed'))

/** A clock that only pauses move. */
function createTime() {
  let at = 0
  return { now: () => at, pause: async (ms: number) => void (at += ms) }
}

async function triesOf(failures: Error[], patienceMs = 60_000): Promise<{ tries: number; error?: unknown }> {
  let tries = 0
  const call = async () => {
    const failure = failures[tries]
    tries += 1
    if (failure !== undefined) throw failure
  }
  try {
    await repeatCall(call, { patienceMs, ...createTime() })
    return { tries }
  } catch (error) {
    return { tries, error }
  }
}

test('a restarting hall is asked again until it answers', async () => {
  const failures = [
    noAnswer(),
    refusal('SERVICE_UNAVAILABLE', 'platform.unavailable'),
    refusal('CONFLICT', 'platform.in_progress'),
  ]
  expect(await triesOf(failures)).toEqual({ tries: 4 })
})

test('a refusal is an answer', async () => {
  const failure = refusal('CONFLICT', 'orders.invoice_exists')
  expect(await triesOf([failure])).toEqual({ tries: 1, error: failure })
})

test('a bug of ours is not repeated', async () => {
  const bug = new TypeError('x is not a function')
  expect(await triesOf([bug])).toEqual({ tries: 1, error: bug })
})

test('patience ends', async () => {
  const { tries, error } = await triesOf(Array.from({ length: 1000 }, noAnswer), 10_000)
  expect(error).toBeInstanceOf(TRPCClientError)
  expect(tries).toBeGreaterThan(5)
  expect(tries).toBeLessThan(30)
})
