import { randomUUID } from 'node:crypto'
import type { CallContext } from '#platform/calls/context'
import { owner, startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const receipt = (reference: string, quantity = 1) => ({ reference, lines: [{ sku: 'LANTERN', quantity }] })
const onHand = async (hall: TestHall) => {
  const { levels } = await hall.calls.inventory.levels.query({ skus: ['LANTERN'] })
  return levels[0]?.onHand
}
const asSaga = (hall: TestHall, context: Partial<CallContext>) => hall.as(owner, { caller: 'checkout', ...context })

describe.each(['near', 'far'] as const)('a command, %s', (distance) => {
  test('that is repeated under its key answers what it answered, and does nothing', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const key = randomUUID()
    const first = await hall.calls.inventory.receive.mutate(receipt('one', 3), { key })
    expect(await hall.calls.inventory.receive.mutate(receipt('one', 3), { key })).toEqual(first)
    expect(await onHand(hall)).toBe(3)
  })

  test('is refused where its key stands for another input or operation', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const key = randomUUID()
    await hall.calls.inventory.receive.mutate(receipt('one'), { key })
    const other = hall.calls.inventory.receive.mutate(receipt('two'), { key })
    await expect(other).rejects.toMatchObject({ data: { code: 'CONFLICT', reason: 'platform.key_reused' } })
    expect(await onHand(hall)).toBe(1)
  })

  test('sent many times at once under one key is done once', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const key = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => hall.calls.inventory.receive.mutate(receipt('one', 2), { key })),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(await onHand(hall)).toBe(2)
  })

  test('whose key is held by a run that does not end says so before the deadline', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const key = randomUUID()
    // What a run holds while it is under way, held by somebody who does not let go.
    const lockName = ['key', 'inventory', 'gateway', key].join('\n')
    const [held] = await hall.sql('select pg_advisory_lock(hashtextextended($1, 0)), pg_backend_pid() as pid', [
      lockName,
    ])
    const waiting = hall.as(owner, { deadlineAt: Date.now() + 600 }).inventory.receive.mutate(receipt('one'), { key })
    await expect(waiting).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'platform.in_progress', retryAfterMs: 1000 },
    })
    await hall.sql('select pg_terminate_backend($1)', [held!['pid']]).catch(() => undefined)
  })

  test('that was undone before it arrived is refused when it does', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    await hall.calls.inventory.receive.mutate(receipt('one', 5))
    const keys = { key: 'sag_1:reserve:undo', undoesKey: 'sag_1:reserve' }
    await asSaga(hall, keys).inventory.release.mutate({ reference: 'sag_1' })
    const late = asSaga(hall, { key: 'sag_1:reserve' }).inventory.reserve.mutate({
      reference: 'sag_1',
      lines: [{ sku: 'LANTERN', quantity: 1 }],
    })
    await expect(late).rejects.toMatchObject({ data: { code: 'CONFLICT', reason: 'platform.undone' } })
    expect(await hall.sql('select sku, on_hand::int, reserved::int from "inventory".stock')).toEqual([
      { sku: 'LANTERN', on_hand: 5, reserved: 0 },
    ])
  })

  test('is not started after its deadline', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const late = hall.as(owner, { deadlineAt: Date.now() - 1 }).inventory.receive.mutate(receipt('one'))
    await expect(late).rejects.toMatchObject({ data: { code: 'TIMEOUT', reason: 'platform.deadline_exceeded' } })
    expect(await onHand(hall)).toBeUndefined()
  })
})

describe('a module', () => {
  test('sees its own tables only: PostgreSQL refuses it the others', async () => {
    await using hall = await startTestHall({ modules: ['orders', 'payments', 'catalog'] })
    const { pool } = hall.processes[0]!.hosted.get('orders')!.runtime.database
    await expect(pool.query('select * from "payments".payments')).rejects.toThrow(
      'permission denied for schema payments',
    )
    await expect(pool.query('create table "orders".mine (id text)')).rejects.toThrow('permission denied')
    await expect(pool.query('select * from "orders".orders')).resolves.toMatchObject({ rows: [] })
  })

  test('may be called by the modules that the graph declares, and by no other process of the hall', async () => {
    await using hall = await startTestHall({ modules: ['orders', 'payments'], distance: 'far' })
    const payments = hall.processes.find(({ hosted }) => hosted.has('payments'))!
    const askAs = (caller: string) =>
      payments.dispatch(
        { module: 'orders', name: 'findInvoices', path: 'orders.findInvoices', kind: 'query', undoes: false },
        {
          actor: owner,
          caller,
          requestId: 'req_x',
          traceparent: undefined,
          deadlineAt: Date.now() + 5000,
          key: undefined,
          undoesKey: undefined,
          signal: undefined,
        },
        { externalInvoices: ['1'] },
      )
    // Neither in its own name, nor in that of one that may.
    for (const caller of ['payments', 'checkout', 'gateway', 'client:guest'])
      expect(await askAs(caller)).toMatchObject({ ok: false, failure: { reason: 'platform.unknown_operation' } })
    // The testing kit's own calls come from the gateway, which the graph lets call everybody.
    await expect(hall.calls.orders.findInvoices.query({ externalInvoices: ['1'] })).resolves.toEqual({ orders: [] })
  })
})
