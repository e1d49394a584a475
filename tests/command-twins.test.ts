/** Two runs of one command at the same instant. */
import type { CallContext } from '#platform/calls/context'
import { runCommand } from '#platform/calls/run-command'
import { command, internal } from '#platform/contract'
import { DomainError } from '#platform/errors'
import { startTestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { z } from 'zod'

const nothing = z.strictObject({})

test("a run that overlooked its twin's record, and is refused for what the twin has done, gives the twin's answer", async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  const { runtime } = hall.processes[0]!.hosted.get('pricing')!
  const context: CallContext = {
    actor: { kind: 'guest' },
    caller: 'checkout',
    requestId: 'req_1',
    traceparent: undefined,
    deadlineAt: Date.now() + 5_000,
    key: 'a key of the test',
    undoesKey: undefined,
    signal: undefined,
  }
  let isClosed = false
  const close = async () => {
    if (isClosed) throw new DomainError('pricing.closed', 'CONFLICT', 'It is closed.')
    isClosed = true
    return { closed: 1 }
  }
  const own = { module: 'pricing', name: 'close', path: 'pricing.close', promised: new Set<string>(), handler: close }
  const spec = command({ access: internal, input: nothing, output: nothing })
  const operation = { ...own, spec, input: nothing, output: nothing, runtime }
  await runCommand(operation, context, {})
  // As a look whose snapshot was taken before the twin's commit, and its lock after.
  let overlooks = true
  const database: typeof runtime.database = {
    ...runtime.database,
    transaction: (work, options) =>
      runtime.database.transaction((transaction) => {
        if (!overlooks) return work(transaction)
        overlooks = false
        const client = { query: () => Promise.resolve({ rows: [{ free: true, operation: null }] }) }
        return work({ ...transaction, client: client as unknown as typeof transaction.client })
      }, options),
  }
  const late = { ...operation, runtime: { ...runtime, database } }
  expect(await runCommand(late, context, {})).toEqual({ closed: 1 })
  await expect(runCommand(late, { ...context, key: 'another key' }, {})).rejects.toMatchObject({
    reason: 'pricing.closed',
  })
})
