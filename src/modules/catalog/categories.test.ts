import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const product = (code: string, ...categories: string[]) => ({
  code,
  name: `Product ${code}`,
  categories,
  variants: [{ sku: code, price: { amountMinor: 295, currency: 'GBP' }, stocked: true }],
})

describe.each(['near', 'far'] as const)('categories, %s', (distance) => {
  test('a category shows its own products and those below it, each once, page by page', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { saveCategory, importProducts, list, search, listCategories } = hall.calls.catalog
    for (const [slug, parent] of [['home'], ['kitchen', 'home'], ['cups', 'kitchen'], ['garden']] as const)
      await saveCategory.mutate({ slug, name: slug, ...(parent !== undefined && { parent }) })
    const products = [product('A', 'cups', 'kitchen'), product('B', 'garden'), product('C', 'home'), product('D')]
    await importProducts.mutate({ products: [...products, { ...product('E', 'cups'), status: 'draft' }] })
    const codes = async (category: string) => (await list.query({ category })).items.map(({ code }) => code)
    expect(await codes('home')).toEqual(['A', 'C'])
    expect(await codes('kitchen')).toEqual(['A'])
    expect(await codes('garden')).toEqual(['B'])
    const first = await list.query({ category: 'home', limit: 1 })
    expect(first.items.map(({ code }) => code)).toEqual(['A'])
    const second = await list.query({ category: 'home', limit: 1, cursor: String(first.nextCursor) })
    expect(second).toMatchObject({ items: [{ code: 'C' }], nextCursor: null })
    const found = await search.query({ text: 'product', category: 'home' })
    expect(found.items.map(({ code }) => code)).toEqual(['A', 'C'])
    expect((await listCategories.query({})).categories).toEqual([
      { slug: 'cups', name: 'cups', parent: 'kitchen', products: 1 },
      { slug: 'garden', name: 'garden', parent: null, products: 1 },
      { slug: 'home', name: 'home', parent: null, products: 1 },
      { slug: 'kitchen', name: 'kitchen', parent: 'home', products: 1 },
    ])
  })

  test('a category that is not there is named, and one without products is empty', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { saveCategory, list, search } = hall.calls.catalog
    await saveCategory.mutate({ slug: 'empty', name: 'Empty' })
    const none = { items: [], nextCursor: null }
    expect(await list.query({ category: 'empty' })).toEqual(none)
    expect(await search.query({ category: 'empty', text: 'x' })).toEqual(none)
    const unknown = { data: { code: 'NOT_FOUND', reason: 'catalog.unknown_category' } }
    await expect(list.query({ category: 'none' })).rejects.toMatchObject(unknown)
    await expect(search.query({ category: 'none', text: '!' })).rejects.toMatchObject(unknown)
    await expect(saveCategory.mutate({ slug: 'a', name: 'A', parent: 'none' })).rejects.toMatchObject(unknown)
  })

  test('no category stands below itself, not even by two moves at the same time', async () => {
    await using hall = await startTestHall({ modules: ['catalog'], distance })
    const { saveCategory, listCategories } = hall.calls.catalog
    await saveCategory.mutate({ slug: 'a', name: 'A' })
    await saveCategory.mutate({ slug: 'b', name: 'B', parent: 'a' })
    const circle = { data: { code: 'CONFLICT', reason: 'catalog.category_circle' } }
    await expect(saveCategory.mutate({ slug: 'a', name: 'A', parent: 'b' })).rejects.toMatchObject(circle)
    await expect(saveCategory.mutate({ slug: 'a', name: 'A', parent: 'a' })).rejects.toMatchObject(circle)
    await saveCategory.mutate({ slug: 'b', name: 'B' })
    const moves = await Promise.allSettled([
      saveCategory.mutate({ slug: 'a', name: 'A', parent: 'b' }),
      saveCategory.mutate({ slug: 'b', name: 'B', parent: 'a' }),
    ])
    expect(moves.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const { categories } = await listCategories.query({})
    expect(categories.filter(({ parent }) => parent === null)).toHaveLength(1)
  })
})
