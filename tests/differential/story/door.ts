/** The refusals of the pipeline itself, which any operation may meet. */
import { keyLockName } from '#platform/calls/run-command'
import pg from 'pg'
import { type Lockstep, operations } from '../lockstep.ts'
import { asCustomer, asGuest, expectRefusal, service } from './words.ts'

export async function stopAtTheDoor(halls: Lockstep): Promise<void> {
  const sales = { path: 'reporting.sales', input: { from: '2026-01-01', to: '2026-01-01', currency: 'GBP' } }
  await expectRefusal(halls, 'platform.unauthenticated', { ...sales, ...asGuest })
  await expectRefusal(halls, 'platform.forbidden', { ...sales, actor: service('orders:read') })
  await expectRefusal(halls, 'platform.forbidden', { ...sales, ...asCustomer })
  await expectRefusal(halls, 'platform.deadline_exceeded', { ...sales, timeoutMs: -1 })
  await expectRefusal(halls, 'platform.unknown_operation', {
    path: 'inventory.release',
    input: { reference: 'x' },
    caller: 'client:key_1',
  })
  for (const { path } of operations) {
    await expectRefusal(halls, 'platform.invalid_input', { path, input: undefined })
    await expectRefusal(halls, 'platform.invalid_input', { path, input: { unknown: null, more: [] } })
  }
  await holdKey(halls, 'a busy key', async () => {
    const receive = {
      path: 'inventory.receive',
      input: { reference: 'held up', lines: [{ sku: 'LAMP', quantity: 1 }] },
    }
    await expectRefusal(halls, 'platform.in_progress', { ...receive, key: 'a busy key', timeoutMs: 1_500 })
  })
}

/** As if another run of `inventory` had the key: the refusal then says when asking again may help. */
async function holdKey(halls: Lockstep, key: string, work: () => Promise<void>): Promise<void> {
  await using held = new AsyncDisposableStack()
  for (const { hall } of halls.halls) {
    const client = new pg.Client({ connectionString: hall.config.databaseUrl })
    await client.connect()
    held.defer(() => client.end())
    const lockName = keyLockName('inventory', 'gateway', key)
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [lockName])
  }
  await work()
}
