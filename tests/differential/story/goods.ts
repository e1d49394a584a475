/** What is sold, where it stands, at which price, and with how much tax. */
import type { Lockstep } from '../lockstep.ts'
import { asGuest, customer, eur, expectRefusal, expectRefusals, gbp, service, unknown } from './words.ts'

const variant = (sku: string, amountMinor: number, stocked = true) => ({ sku, price: gbp(amountMinor), stocked })
/** A product of services, each its own variant. */
const named = (code: string, more: object = {}, ofVariant: object = {}) => ({
  code,
  name: `A ${code}`,
  variants: [{ ...variant(code, 399, false), ...ofVariant }],
  ...more,
})

export async function sellGoods(halls: Lockstep): Promise<void> {
  await halls.answer('catalog.saveCategory', { slug: 'kitchen', name: 'For the kitchen' })
  await halls.answer('catalog.saveCategory', { slug: 'mugs', name: 'Mugs', parent: 'kitchen' })
  await halls.answer('catalog.saveCategory', { slug: 'lamps', name: 'Lamps' })
  const chosen = (value: string) => ({ title: value, choices: [{ name: 'Colour', value }] })
  const mugs = [
    { ...variant('MUG-RED', 250), ...chosen('red'), morePrices: [eur(300)] },
    { ...variant('MUG-BLUE', 260), ...chosen('blue') },
  ]
  const products = [
    { code: 'MUG', name: 'A mug', categories: ['mugs'], variants: mugs },
    { code: 'lamp', name: 'A lamp', description: 'It shines.', variants: [variant('lamp', 1999)] },
    named('POST'),
    { code: 'GOLD', name: 'Gold', variants: [variant('GOLD', 1_000_000_000_000, false)] },
    { code: 'GIFT', name: 'A gift', variants: [variant('GIFT', 0, false)] },
  ]
  const key = 'the import of the first products'
  for (const more of [{ key }, { key }, {}]) await halls.answer('catalog.importProducts', { products }, more)
  const twice = [variant('T', 1), variant('t', 1)]
  await expectRefusals(halls, 'catalog.importProducts', {
    'catalog.sku_twice': { products: [named('T', { variants: twice })] },
    'catalog.currency_twice': { products: [named('T', {}, { morePrices: [gbp(2)] })] },
    'catalog.bad_choices': {
      products: [named('T', { variants: [{ ...variant('T', 1), ...chosen('red') }, variant('U', 1)] })],
    },
    'catalog.unknown_category': { products: [named('T', { categories: ['nowhere'] })] },
  })
}

export async function changeGoods(halls: Lockstep): Promise<void> {
  await expectRefusals(halls, 'catalog.saveCategory', {
    'catalog.unknown_category': { slug: 'plates', name: 'Plates', parent: 'nowhere' },
    'catalog.category_circle': { slug: 'kitchen', name: 'Kitchen', parent: 'mugs' },
  })
  await halls.answer('catalog.updateProduct', { code: 'LAMP', description: null, categories: ['lamps'] })
  await halls.answer(
    'catalog.updateProduct',
    { code: 'lamp', name: 'A shining lamp' },
    { key: 'shines once, and once' },
  )
  await halls.answer(
    'catalog.updateProduct',
    { code: 'lamp', name: 'A shining lamp' },
    { key: 'shines once, and once' },
  )
  await expectRefusals(halls, 'catalog.updateProduct', {
    'catalog.unknown_product': { code: 'NONE', name: 'Nothing' },
    'catalog.unknown_category': { code: 'LAMP', categories: ['nowhere'] },
  })
  await halls.answer('catalog.importProducts', { products: [named('DRAFT', { status: 'draft' })] })
  await halls.answer('catalog.setStatus', { code: 'DRAFT', status: 'published' })
  await halls.answer('catalog.setStatus', { code: 'DRAFT', status: 'draft' })
  await expectRefusals(halls, 'catalog.setStatus', { 'catalog.unknown_product': { code: 'NONE', status: 'draft' } })
  await halls.answer('catalog.setPrice', { sku: 'mug-blue', price: gbp(255) })
  const morePrices = Array.from({ length: 20 }, (_, index) => ({
    amountMinor: 1,
    currency: `A${String.fromCharCode(65 + index)}A`,
  }))
  await halls.answer('catalog.importProducts', { products: [named('DEAR', {}, { morePrices })] })
  await expectRefusals(halls, 'catalog.setPrice', {
    'catalog.unknown_sku': { sku: 'NONE', price: gbp(1) },
    'catalog.too_many_prices': { sku: 'DEAR', price: { amountMinor: 1, currency: 'ZZZ' } },
  })
}

export async function showGoods(halls: Lockstep): Promise<void> {
  const { items, nextCursor } = await halls.answer('catalog.list', { limit: 2 }, asGuest)
  await halls.answer('catalog.list', { cursor: nextCursor }, asGuest)
  await halls.answer('catalog.list', { category: 'kitchen' }, asGuest)
  await halls.answer('catalog.listCategories', {}, asGuest)
  const found = await halls.answer('catalog.search', { text: 'mugs', limit: 1 }, asGuest)
  if (found.items.length !== 1) throw new Error('The search has not found the mug.')
  const first = await halls.answer('catalog.search', { text: 'a', limit: 1 }, asGuest)
  if (first.nextCursor !== null)
    await halls.answer('catalog.search', { text: 'a', limit: 1, cursor: first.nextCursor }, asGuest)
  await halls.answer('catalog.search', { text: 'shin', category: 'lamps' }, { actor: customer })
  for (const [path, more] of [
    ['catalog.list', {}],
    ['catalog.search', { text: 'mug' }],
  ] as const)
    await expectRefusals(halls, path, {
      'catalog.bad_cursor': { ...more, cursor: 'nowhere' },
      'catalog.unknown_category': { ...more, category: 'nowhere' },
    })
  await halls.answer('catalog.listAll', { status: 'draft' }, { actor: service('catalog:read') })
  await expectRefusals(halls, 'catalog.listAll', { 'catalog.bad_cursor': { cursor: 'nowhere' } })
  await halls.answer('catalog.get', { id: items[0].id }, asGuest)
  await halls.answer('catalog.get', { sku: ' lamp ' }, { actor: customer })
  await halls.answer('catalog.get', { sku: 'DRAFT' })
  await expectRefusal(halls, 'catalog.unknown_product', {
    path: 'catalog.get',
    input: { sku: 'DRAFT' },
    ...asGuest,
  })
  await expectRefusals(halls, 'catalog.get', { 'catalog.unknown_product': { id: unknown('prd') } })
  await halls.answer('catalog.variants', { skus: ['mug-red', 'NONE', 'POST', 'DRAFT'] })
}

export async function taxGoods(halls: Lockstep): Promise<void> {
  await halls.answer('pricing.setTaxRate', { country: 'GB', basisPoints: 2000 })
  await halls.answer('pricing.setTaxRate', { country: 'DE', basisPoints: 1900 }, { actor: service('pricing:write') })
  await halls.answer('pricing.listTaxRates', {})
  const line = (unitPriceMinor: number, quantity = 3) => ({ lineId: 'a', quantity, unitPriceMinor })
  const quoted = { currency: 'GBP', country: 'GB' }
  await halls.answer('pricing.quote', { ...quoted, lines: [line(333), { ...line(1), lineId: 'b' }] })
  await expectRefusals(halls, 'pricing.quote', {
    'pricing.too_much': { ...quoted, lines: [line(1_000_000_000_000)] },
  })
}
