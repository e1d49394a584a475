import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { databaseUrlOf, withClient } from '#testing/cluster'
import { expect, inject, test } from 'vitest'
import { viewOf } from './product-view.ts'

const migration = (name: string) => readFile(`drizzle/catalog/${name}.sql`, 'utf8')

test('products of before they were published and searched are shown as an import would show them today', async () => {
  const { databaseUrl } = inject('cluster')
  const name = `catalog_${randomBytes(6).toString('hex')}`
  await withClient(databaseUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  const { rows } = await withClient(databaseUrlOf(databaseUrl, name), async (client) => {
    await client.query(await migration('0000_create_catalog'))
    await client.query(`
      insert into catalog.products values ('prd_1', 'LAMP', 'Lamp', null, 1, now());
      insert into catalog.variants values ('L-2', 'prd_1', 2, 'large', 400, 'GBP', false, 1), ('L-1', 'prd_1', 1, null, 300, 'GBP', true, 3)`)
    await client.query(await migration('0001_publish_and_search'))
    return client.query(
      `select skus, view, version::int, search @@ to_tsquery('simple', 'lamp & l & 2') as found from catalog.products`,
    )
  })
  const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
  const variants = [
    { sku: 'L-1', price: pounds(300), stocked: true },
    { sku: 'L-2', title: 'large', price: pounds(400), stocked: false },
  ]
  const view = viewOf('prd_1', { code: 'LAMP', name: 'Lamp', variants })
  expect(rows).toEqual([{ skus: 'L-1 L-2', view, version: 1, found: true }])
})
