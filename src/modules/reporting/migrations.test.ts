import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { databaseUrlOf, withClient } from '#testing/cluster'
import { expect, inject, test } from 'vitest'

const migration = (name: string) => readFile(`drizzle/reporting/${name}.sql`, 'utf8')

test('figures of before there were countries are counted again from the journal, whatever was parked of it', async () => {
  const { databaseUrl } = inject('cluster')
  const name = `reporting_${randomBytes(6).toString('hex')}`
  await withClient(databaseUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  const { rows } = await withClient(databaseUrlOf(databaseUrl, name), async (client) => {
    await client.query(await migration('0000_create_reporting'))
    await client.query(`
      insert into reporting.sold_orders values ('ord_1', '2010-12-01', 'GBP', 120);
      insert into reporting.sales_by_day values ('2010-12-01', 'GBP', 1, 120);
      insert into reporting.cursors (source, lane, position) values ('orders', 0, 7);
      insert into reporting.parked (source, lane, position, key, event, reason) values ('orders', 0, 5, 'ord_2', '{}', 'why')`)
    await client.query(await migration('0001_count_products_countries_and_refunds'))
    return client.query(`select (select count(*)::int from reporting.sold_orders) as orders,
      (select count(*)::int from reporting.sales_by_day) as days, (select count(*)::int from reporting.cursors) as cursors,
      (select count(*)::int from reporting.parked) as parked`)
  })
  expect(rows).toEqual([{ orders: 0, days: 0, cursors: 0, parked: 0 }])
})
