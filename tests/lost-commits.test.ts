/** Sagas whose transactions in their own tables are lost: before they are committed, or after it, with nobody told. */
import type { ModuleRuntime } from '#platform/calls/operation'
import { DomainError } from '#platform/errors'
import { runSaga } from '#platform/saga/run-saga'
import { expect, test } from 'vitest'
import {
  contextOf,
  define,
  local,
  lostConnection,
  noting,
  openWorld,
  pivot,
  step,
  sweep,
  type World,
} from './saga-world.ts'

/** A database that loses, once it is told to, a transaction before its commit, or the answer to one. */
function losingLine({ runtime: { database } }: World) {
  const line = {
    loses: undefined as 'the commit' | 'the answer' | undefined,
    over: {} as { database: ModuleRuntime['database'] },
  }
  const isLost = (what: typeof line.loses): boolean => {
    if (line.loses !== what) return false
    line.loses = undefined
    return true
  }
  line.over.database = {
    ...database,
    async transaction(work, options) {
      const result = await database.transaction(async (transaction) => {
        const worked = await work(transaction)
        if (isLost('the commit')) throw lostConnection()
        return worked
      }, options)
      if (isLost('the answer')) throw lostConnection()
      return result
    },
  }
  return line
}

test('a last step whose commit was not heard of was the end: the caller, asking again, is told so', async () => {
  await using world = await openWorld()
  const { log } = world
  const line = losingLine(world)
  const claim = local('claim', {
    do: async () => {
      line.loses = 'the answer'
      return log.push('claim')
    },
    undo: async () => log.push('undo claim'),
  })
  const definition = define({ steps: [noting(log, 'a'), claim], answer: () => ({ claimed: true }) })
  const buy = world.bind('buy', definition, line.over)
  await expect(runSaga(buy, contextOf(), {})).rejects.toThrow()
  expect(await runSaga(buy, contextOf(), {})).toEqual({ claimed: true })
  expect(await world.sagas()).toMatchObject([{ state: 'done', answer: { claimed: true } }])
  expect(log).toEqual(['a', 'claim'])
})

test('a last step past the pivot whose commit was not heard of is not done, and not announced, once more', async () => {
  await using world = await openWorld()
  const { log } = world
  const line = losingLine(world)
  const send = local('send', {
    do: async () => {
      line.loses = 'the answer'
      return log.push('send')
    },
  })
  const begin = pivot('begin', { request: () => null, do: async () => log.push('begin') })
  const definition = define({ steps: [begin, send], answer: ({ done }) => ({ sent: done['send'] }) })
  const bound = world.bind('ship', definition, line.over)
  const ship = { ...bound, spec: { ...bound.spec, audited: true } }
  world.runtime.operations.set('ship', ship)
  const asked = contextOf({ actor: { kind: 'staff', id: 'usr_1', permissions: [] } })
  await expect(runSaga(ship, asked, {})).rejects.toThrow()
  await world.expireLeases()
  await sweep(world)
  expect(log).toEqual(['begin', 'send'])
  expect(await runSaga(ship, asked, {})).toEqual({ sent: 2 })
  expect(await world.sagas()).toMatchObject([{ state: 'done' }])
  expect(await world.hall.sql(`select key from "pricing".journal where name = 'pricing.audited'`)).toHaveLength(1)
})

test.each(['the commit', 'the answer'] as const)(
  'an undo in its own tables that loses %s is done in the end, and once, whichever it is',
  async (loss) => {
    await using world = await openWorld()
    const { log, hall } = world
    const line = losingLine(world)
    await hall.sql('create table "pricing".promises (step text primary key, taken_back int not null default 0)')
    await hall.sql('grant all on "pricing".promises to public')
    const losses = new Set(['last', 'first'])
    const promise = (name: string) =>
      local(name, {
        do: async ({ tx }) => void (await tx.execute(`insert into promises (step) values ('${name}')`)),
        undo: async ({ tx }, { undone }) => {
          const { rows } = await tx.execute(
            `update promises set taken_back = taken_back + 1 where step = '${name}' and taken_back = 0 returning 1`,
          )
          if (losses.delete(name)) line.loses = loss
          log.push(`${name} knows ${JSON.stringify(undone)}`)
          return { isOurs: rows.length === 1 }
        },
      })
    const refuse = step('refuse', {
      request: () => null,
      do: () => Promise.reject(new DomainError('pricing.no', 'CONFLICT', 'No.')),
    })
    const steps = [promise('first'), noting(log, 'middle'), promise('last'), refuse]
    world.bind('buy', define({ steps, answer: () => ({}) }), line.over)
    await expect(runSaga(world.runtime.operations.get('buy')!, contextOf(), {})).rejects.toMatchObject({
      reason: 'pricing.no',
    })
    for (let turn = 0; turn < 3; turn += 1) {
      await world.expireLeases()
      await sweep(world)
    }
    expect(losses.size).toBe(0)
    expect(await world.sagas()).toMatchObject([{ state: 'undone' }])
    expect(await hall.sql('select step, taken_back from "pricing".promises order by step')).toEqual([
      { step: 'first', taken_back: 1 },
      { step: 'last', taken_back: 1 },
    ])
    // Whoever goes on knows what the run before took back.
    expect(log.at(-1)).toMatch(/^first knows {"last":{"isOurs":true},"middle":/)
  },
)
