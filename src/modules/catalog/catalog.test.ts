import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const variant = (sku: string, amountMinor = 295) => ({ sku, price: pounds(amountMinor), stocked: true })
const product = (code: string, ...skus: string[]) => ({
  code,
  name: `Product ${code}`,
  variants: (skus.length === 0 ? [code] : skus).map((sku) => variant(sku)),
})

describe.each(['near', 'far'] as const)('catalog, %s', (distance) => {
  test('an imported product is found by its id and by the SKU of any of its variants, whatever their case', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, get } = hall.calls.catalog
    const lantern = {
      code: 'lantern',
      name: 'White metal lantern',
      description: 'Takes a tea light.',
      variants: [
        { ...variant('lantern-s', 339), title: 'small' },
        { ...variant('lantern-l'), stocked: false },
      ],
    }
    expect(await importProducts.mutate({ products: [lantern] })).toEqual({
      productsCreated: 1,
      variantsCreated: 2,
      unchanged: 0,
    })
    const found = await get.query({ sku: 'Lantern-L' })
    expect(found).toEqual({
      id: expect.stringMatching(/^prd_/),
      code: 'LANTERN',
      name: 'White metal lantern',
      description: 'Takes a tea light.',
      variants: [
        { sku: 'LANTERN-S', title: 'small', price: pounds(339), stocked: true },
        { sku: 'LANTERN-L', title: null, price: pounds(295), stocked: false },
      ],
    })
    expect(await get.query({ id: found.id })).toEqual(found)
    expect(await hall.as({ kind: 'guest' }).catalog.get.query({ id: found.id })).toEqual(found)
  })

  test('what is there already, by code or SKU, stays as it is', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, get } = hall.calls.catalog
    await importProducts.mutate({ products: [product('A', 'A-1', 'A-2')] })
    const before = await get.query({ sku: 'A-1' })
    const again = { ...product('A', 'A-3'), name: 'Another name' }
    const mixed = [again, product('B', 'A-1', 'B-1'), product('C', 'A-2'), product('B', 'B-2')]
    expect(await importProducts.mutate({ products: mixed })).toEqual({
      productsCreated: 1,
      variantsCreated: 1,
      unchanged: 3,
    })
    expect(await get.query({ sku: 'A-1' })).toEqual(before)
    expect((await get.query({ sku: 'B-1' })).variants.map(({ sku }) => sku)).toEqual(['B-1'])
    for (const sku of ['A-3', 'B-2', 'C']) {
      await expect(get.query({ sku })).rejects.toMatchObject({ data: { reason: 'catalog.unknown_product' } })
    }
  })

  test('a SKU that stands twice in one import refuses all of it', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, list } = hall.calls.catalog
    const twice = importProducts.mutate({ products: [product('A', 'X'), product('B', 'Y', 'x')] })
    await expect(twice).rejects.toMatchObject({ data: { code: 'BAD_REQUEST', reason: 'catalog.sku_twice' } })
    expect((await list.query({})).items).toEqual([])
  })

  test('the list goes through all products in the order of their import, page by page', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, list } = hall.calls.catalog
    const codes = Array.from({ length: 45 }, (_, index) => `P${(index * 17) % 45}`)
    await importProducts.mutate({ products: codes.slice(0, 30).map((code) => product(code)) })
    await importProducts.mutate({ products: codes.slice(20).map((code) => product(code)) })
    const listed: string[] = []
    let cursor: string | null | undefined
    do {
      const page = await list.query(typeof cursor === 'string' ? { limit: 20, cursor } : { limit: 20 })
      listed.push(...page.items.map(({ code }) => code))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(listed).toEqual(codes)
    await expect(list.query({ cursor: 'P1' })).rejects.toMatchObject({ data: { reason: 'catalog.bad_cursor' } })
  })

  test('a price that is set is the one that checkouts see, and staff alone may set it', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, setPrice, variants } = hall.calls.catalog
    await importProducts.mutate({ products: [product('A'), product('B')] })
    expect(await setPrice.mutate({ sku: 'a', price: pounds(1) })).toMatchObject({ sku: 'A', price: pounds(1) })
    const unknown = setPrice.mutate({ sku: 'C', price: pounds(1) })
    await expect(unknown).rejects.toMatchObject({ data: { reason: 'catalog.unknown_sku' } })
    const asGuest = hall.as({ kind: 'guest' }).catalog.setPrice.mutate({ sku: 'B', price: pounds(1) })
    await expect(asGuest).rejects.toMatchObject({ data: { reason: 'platform.unauthenticated' } })
    expect(await variants.query({ skus: ['B', 'A', 'NONE', 'B'] })).toEqual({
      variants: [
        { sku: 'A', name: 'Product A', price: pounds(1), stocked: true },
        { sku: 'B', name: 'Product B', price: pounds(295), stocked: true },
      ],
    })
  })

  test('imports of the same products at the same time create each of them once', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const products = Array.from({ length: 40 }, (_, index) => product(`P${index}`))
    const imports = await Promise.all(
      Array.from({ length: 6 }, (_, turn) =>
        hall.calls.catalog.importProducts.mutate({ products: turn % 2 === 0 ? products : products.toReversed() }),
      ),
    )
    expect(imports.map(({ productsCreated }) => productsCreated).toSorted((one, other) => one - other)).toEqual([
      0, 0, 0, 0, 0, 40,
    ])
    expect(await hall.sql('select count(*)::int as variants from "catalog".variants')).toEqual([{ variants: 40 }])
  })
})
