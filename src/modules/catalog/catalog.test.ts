import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const euros = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
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
      status: 'published',
      categories: [],
      options: [],
      variants: [
        { sku: 'LANTERN-S', title: 'small', price: pounds(339), prices: [pounds(339)], choices: [], stocked: true },
        { sku: 'LANTERN-L', title: null, price: pounds(295), prices: [pounds(295)], choices: [], stocked: false },
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

  test('a price that is set is the one that everybody sees, in its currency, and staff alone may set it', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, setPrice, variants, get } = hall.calls.catalog
    await importProducts.mutate({ products: [product('A'), product('B')] })
    expect(await setPrice.mutate({ sku: 'a', price: pounds(1) })).toMatchObject({ sku: 'A', price: pounds(1) })
    await setPrice.mutate({ sku: 'A', price: euros(3) })
    const both = { price: pounds(1), prices: [euros(2), pounds(1)] }
    expect(await setPrice.mutate({ sku: 'A', price: euros(2) })).toMatchObject(both)
    expect((await get.query({ sku: 'A' })).variants).toMatchObject([both])
    const unknown = setPrice.mutate({ sku: 'C', price: pounds(1) })
    await expect(unknown).rejects.toMatchObject({ data: { reason: 'catalog.unknown_sku' } })
    const asGuest = hall.as({ kind: 'guest' }).catalog.setPrice.mutate({ sku: 'B', price: pounds(1) })
    await expect(asGuest).rejects.toMatchObject({ data: { reason: 'platform.unauthenticated' } })
    expect(await variants.query({ skus: ['B', 'A', 'NONE', 'B'] })).toEqual({
      variants: [
        { sku: 'A', name: 'Product A', prices: both.prices, stocked: true, published: true },
        { sku: 'B', name: 'Product B', prices: [pounds(295)], stocked: true, published: true },
      ],
    })
  })

  test('prices, choices and categories of an import are shown, and its nonsense is refused whole', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, saveCategory, get, list } = hall.calls.catalog
    await saveCategory.mutate({ slug: 'light', name: 'Light' })
    const red = { ...variant('RED'), choices: [{ name: 'Colour', value: 'red' }], morePrices: [euros(349)] }
    const blue = { ...variant('BLUE'), choices: [{ name: 'Colour', value: 'blue' }] }
    const lamp = { ...product('LAMP'), categories: ['light', 'light'], variants: [red, blue] }
    const refused = async (change: object, reason: string) =>
      expect(importProducts.mutate({ products: [product('A'), { ...lamp, ...change }] })).rejects.toMatchObject({
        data: { reason },
      })
    await refused({ categories: ['dark'] }, 'catalog.unknown_category')
    await refused({ variants: [{ ...red, morePrices: [pounds(1)] }, blue] }, 'catalog.currency_twice')
    await refused({ variants: [red, variant('BLUE')] }, 'catalog.bad_choices')
    await refused({ variants: [red, { ...blue, choices: red.choices }] }, 'catalog.bad_choices')
    expect((await list.query({})).items).toEqual([])
    await importProducts.mutate({ products: [lamp] })
    expect(await get.query({ sku: 'BLUE' })).toMatchObject({
      categories: ['light'],
      options: [{ name: 'Colour', values: ['red', 'blue'] }],
      variants: [
        { choices: red.choices, price: pounds(295), prices: [euros(349), pounds(295)] },
        { choices: blue.choices, prices: [pounds(295)] },
      ],
    })
  })

  test('a draft is neither shown nor listed nor found, but to staff, until it is published', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, setStatus, listAll, variants } = hall.calls.catalog
    const guest = hall.as({ kind: 'guest' }).catalog
    await importProducts.mutate({ products: [{ ...product('A'), status: 'draft' }, product('B')] })
    const shown = async () => ({
      listed: (await guest.list.query({})).items.map(({ code }) => code),
      found: (await guest.search.query({ text: 'product' })).items.map(({ code }) => code),
      got: await guest.get.query({ sku: 'A' }).then(
        ({ status }) => status,
        (error: { data: { reason: string } }) => error.data.reason,
      ),
      forSale: (await variants.query({ skus: ['A'] })).variants.map(({ published }) => published),
    })
    const hidden = { listed: ['B'], found: ['B'], got: 'catalog.unknown_product', forSale: [false] }
    expect(await shown()).toEqual(hidden)
    expect(await hall.calls.catalog.get.query({ sku: 'A' })).toMatchObject({ status: 'draft' })
    expect((await listAll.query({ status: 'draft' })).items.map(({ code }) => code)).toEqual(['A'])
    expect((await listAll.query({})).items.map(({ code }) => code)).toEqual(['A', 'B'])
    expect(await setStatus.mutate({ code: 'a', status: 'published' })).toMatchObject({ status: 'published' })
    expect(await shown()).toEqual({ listed: ['A', 'B'], found: ['A', 'B'], got: 'published', forSale: [true] })
    await setStatus.mutate({ code: 'A', status: 'draft' })
    expect(await shown()).toEqual(hidden)
  })

  test('what is changed of a product is changed everywhere, and the rest stays', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, saveCategory, updateProduct, get, list, search } = hall.calls.catalog
    for (const slug of ['old', 'new']) await saveCategory.mutate({ slug, name: slug })
    await importProducts.mutate({ products: [{ ...product('A'), description: 'Oak.', categories: ['old'] }] })
    const before = await get.query({ sku: 'A' })
    const changed = await updateProduct.mutate({ code: 'A', name: 'Bench', categories: ['new'] })
    expect(changed).toEqual({ ...before, name: 'Bench', categories: ['new'] })
    expect(await get.query({ sku: 'A' })).toEqual(changed)
    expect((await list.query({ category: 'new' })).items).toEqual([changed])
    expect((await list.query({ category: 'old' })).items).toEqual([])
    expect((await search.query({ text: 'bench oak' })).items).toEqual([changed])
    expect((await search.query({ text: 'product' })).items).toEqual([])
    expect(await updateProduct.mutate({ code: 'A', description: null })).toMatchObject({ description: null })
    for (const [change, reason] of [
      [{ code: 'B' }, 'catalog.unknown_product'],
      [{ code: 'A', categories: ['none'] }, 'catalog.unknown_category'],
    ] as const)
      await expect(updateProduct.mutate({ ...change, name: 'X' } as never)).rejects.toMatchObject({ data: { reason } })
    expect((await get.query({ sku: 'A' })).name).toBe('Bench')
  })

  test('every change of a product is announced with its next version', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, updateProduct, setStatus, setPrice } = hall.calls.catalog
    await importProducts.mutate({ products: [product('A'), product('B')] })
    await updateProduct.mutate({ code: 'A', name: 'Bench' })
    await setStatus.mutate({ code: 'A', status: 'draft' })
    await setPrice.mutate({ sku: 'A', price: euros(1) })
    const told = await hall.sql(
      `select fact->>'code' as code, version::int from catalog.journal where name = 'catalog.product_changed' order by code, version`,
    )
    expect(told).toEqual([...[1, 2, 3, 4].map((version) => ({ code: 'A', version })), { code: 'B', version: 1 }])
  })

  test('changes of one product at the same time are all kept', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { importProducts, updateProduct, setPrice, get, variants } = hall.calls.catalog
    await importProducts.mutate({ products: [product('A', 'A-1', 'A-2')] })
    await Promise.all([
      ...['A-1', 'A-2'].flatMap((sku) => [
        setPrice.mutate({ sku, price: pounds(7) }),
        setPrice.mutate({ sku, price: euros(8) }),
      ]),
      updateProduct.mutate({ code: 'A', name: 'Bench' }),
    ])
    const prices = [euros(8), pounds(7)]
    expect(await get.query({ sku: 'A-1' })).toMatchObject({ name: 'Bench', variants: [{ prices }, { prices }] })
    expect((await variants.query({ skus: ['A-1', 'A-2'] })).variants).toMatchObject([{ prices }, { prices }])
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
