import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { databaseUrlOf, withClient } from '#testing/cluster'
import { expect, inject, test } from 'vitest'
import { expectBalance } from './testing/stock.ts'

const migration = (name: string) => readFile(`drizzle/inventory/${name}.sql`, 'utf8')

test('what lay in the one location of before lies in main, promised to whom it was promised', async () => {
  const { databaseUrl } = inject('cluster')
  const name = `inventory_${randomBytes(6).toString('hex')}`
  await withClient(databaseUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  await withClient(databaseUrlOf(databaseUrl, name), async (client) => {
    await client.query(await migration('0000_create_inventory'))
    await client.query(`
      insert into inventory.stock values ('A', 8, 3, 4);
      insert into inventory.stock_ledger values ('receipt', 'r', 'A', 10, now()), ('commit', 's', 'A', -2, now());
      insert into inventory.reservations values ('rsv_1', 's', 'committed', now(), now()), ('rsv_2', 't', 'open', now(), null);
      insert into inventory.reservation_lines values ('rsv_1', 'A', 2), ('rsv_2', 'A', 3)`)
    await client.query(await migration('0001_several_locations_and_holds'))
    const sql = async (text: string) => (await client.query(text)).rows
    expect(
      await sql(`select location, on_hand::int, reserved::int, held::int, version::int from inventory.stock`),
    ).toEqual([{ location: 'main', on_hand: 8, reserved: 3, held: 0, version: 4 }])
    await expectBalance({ sql })
  })
})
