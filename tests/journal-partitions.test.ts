/** Journals in monthly partitions: made ahead, by several at once, while the hall sells; and nothing stops without them. */
import { makePartitions } from '#platform/events/journal-partitions'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { buy, expectWhole, openShop } from './shop.ts'

const databaseOf = (hall: TestHall, module: string) => hall.processes[0]!.hosted.get(module)!.runtime.database

const partitionsOf = async (hall: TestHall, module: string): Promise<string[]> => {
  const rows = await hall.sql<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = ('"' || $1 || '".journal')::regclass order by 1`,
    [module],
  )
  return rows.map(({ name }) => name.replaceAll('"', ''))
}

const monthsFrom = async (hall: TestHall, months: number[]): Promise<string[]> => {
  const [row] = await hall.sql<{ names: string[] }>(
    `select array_agg(to_char(now() at time zone 'utc' + n * interval '1 month', '"_"YYYY_MM') order by n) as names from unnest($1::int[]) n`,
    [months],
  )
  return row!.names
}

test('this month and the next three are made, once, however many make them at once', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  const database = databaseOf(hall, 'pricing')
  expect(await partitionsOf(hall, 'pricing')).toEqual(['pricing.journal_default'])
  await Promise.all([makePartitions(database), makePartitions(database), makePartitions(database)])
  const months = await monthsFrom(hall, [0, 1, 2, 3])
  const all = [...months.map((month) => `pricing.journal${month}`), 'pricing.journal_default']
  expect(await partitionsOf(hall, 'pricing')).toEqual(all.toSorted())
  expect(await makePartitions(database)).toEqual({ made: 0, begun: 0 })
  // The module may use what the login has made, and is back in its role.
  const { rows } = await database.pool.query(
    `select current_user as role, has_table_privilege('journal${months[3]}', 'insert') as may`,
  )
  expect(rows).toEqual([{ role: hall.config.rolePrefix + '_pricing', may: true }])
})

test('a month that has begun in the default partition stays there; the next has its own, and the hall goes on', async () => {
  await using hall = await openShop('near')
  await buy(hall, [{ sku: 'MUG', quantity: 1 }])
  await hall.settle()
  const [, next] = await monthsFrom(hall, [0, 1])
  expect(await makePartitions(databaseOf(hall, 'orders'))).toEqual({ made: 3, begun: 1 })
  // What is announced next month lies in its own partition, is given its place, and is applied.
  await hall.sql(
    `alter table "orders".journal alter column month set default date_trunc('month', now() + interval '1 month')`,
  )
  await buy(hall, [{ sku: 'MUG', quantity: 1 }])
  await expectWhole(hall)
  const lie = await hall.sql(
    `select replace(tableoid::regclass::text, '"', '') as place, count(*)::int as events from "orders".journal where name = 'orders.placed' group by 1 order by 1`,
  )
  expect(lie).toEqual([
    { place: `orders.journal${next}`, events: 1 },
    { place: 'orders.journal_default', events: 1 },
  ])
})
