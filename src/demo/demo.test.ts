import { startTestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { categories } from './catalogue.ts'
import { demoProducts } from './demo-products.ts'
import { fillWithDemo } from './fill-hall.ts'

const modules = ['catalog', 'inventory', 'fulfilment', 'orders'] as const

test('the demo has sixty products in six categories, and no SKU twice', () => {
  expect(demoProducts).toHaveLength(60)
  expect(categories).toHaveLength(6)
  const skus = demoProducts.flatMap(({ variants }) => variants.map(({ sku }) => sku))
  expect(new Set(skus).size).toBe(skus.length)
})

test('an empty hall is filled once: all of the goods, in stock, with ways to send them', async () => {
  await using hall = await startTestHall({ modules })
  const { catalog, inventory, fulfilment } = hall.calls
  expect(await fillWithDemo({ catalog, inventory, fulfilment })).toBe(true)
  const { items } = await catalog.list.query({ limit: 100 })
  expect(items).toHaveLength(60)
  expect((await catalog.list.query({ limit: 100, category: 'home' })).items).toHaveLength(30)
  for (const { variants } of items)
    for (const { prices } of variants) expect(prices.map(({ currency }) => currency)).toEqual(['EUR', 'GBP'])
  const stocked = items.flatMap(({ variants }) => variants.filter((each) => each.stocked).map(({ sku }) => sku))
  const { levels } = await inventory.levels.query({ skus: stocked })
  expect(levels.map(({ available }) => available)).toEqual(stocked.map(() => 250))
  const { methods } = await fulfilment.methods.query({ country: 'DE', currency: 'EUR' })
  expect(methods.map(({ code }) => code)).toEqual(['standard', 'express'])
  expect(await fillWithDemo({ catalog, inventory, fulfilment })).toBe(false)
  expect((await inventory.levels.query({ skus: ['TEAPOT-IRON'] })).levels).toMatchObject([{ onHand: 250 }])
})

test('a demo that was cut off just before its last step is completed by the next start, with no stock twice', async () => {
  await using hall = await startTestHall({ modules })
  const { catalog, inventory, fulfilment } = hall.calls
  const importProducts = { mutate: () => Promise.reject(new Error('killed')) }
  const { listAll, saveCategory } = catalog
  const dying = { listAll, saveCategory, importProducts } as unknown as typeof catalog
  await expect(fillWithDemo({ catalog: dying, inventory, fulfilment })).rejects.toThrow('killed')
  expect(await fillWithDemo({ catalog, inventory, fulfilment })).toBe(true)
  expect((await catalog.list.query({ limit: 100 })).items).toHaveLength(60)
  expect((await inventory.levels.query({ skus: ['TEAPOT-IRON'] })).levels).toMatchObject([{ onHand: 250 }])
})

test('a hall that has a product, be it a draft, is left as it is', async () => {
  await using hall = await startTestHall({ modules })
  const { catalog, inventory, fulfilment } = hall.calls
  const own = { sku: 'OWN', price: { amountMinor: 1, currency: 'GBP' }, stocked: true }
  await catalog.importProducts.mutate({ products: [{ code: 'OWN', name: 'Own', status: 'draft', variants: [own] }] })
  expect(await fillWithDemo({ catalog, inventory, fulfilment })).toBe(false)
  expect((await catalog.listCategories.query({})).categories).toEqual([])
})
