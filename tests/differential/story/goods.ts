/** What is sold, at which price, who may do what, and what is in stock. */
import type { Call, Lockstep } from '../lockstep.ts'
import { asGuest, customer, expectRefusal, gbp, hashOf, service, unknown } from './words.ts'

export async function stockTheHall(halls: Lockstep): Promise<void> {
  const variant = (sku: string, amountMinor: number, stocked = true) => ({ sku, price: gbp(amountMinor), stocked })
  const products = [
    { code: 'MUG', name: 'A mug', variants: [{ ...variant('MUG-RED', 250), title: 'red' }, variant('MUG-BLUE', 260)] },
    { code: 'lamp', name: 'A lamp', description: 'It shines.', variants: [variant('lamp', 1999)] },
    { code: 'POST', name: 'Postage', variants: [variant('POST', 399, false)] },
    { code: 'GOLD', name: 'Gold', variants: [variant('GOLD', 1_000_000_000_000, false)] },
    { code: 'GIFT', name: 'A gift', variants: [variant('GIFT', 0, false)] },
  ]
  await halls.answer('catalog.importProducts', { products }, { key: 'the import of the first products' })
  await halls.answer('catalog.importProducts', { products }, { key: 'the import of the first products' })
  await halls.answer('catalog.importProducts', { products })
  await expectRefusal(halls, 'catalog.sku_twice', {
    path: 'catalog.importProducts',
    input: { products: [{ code: 'T', name: 'T', variants: [variant('T', 1), variant('t', 1)] }] },
  })
  await halls.answer('catalog.setPrice', { sku: 'mug-blue', price: gbp(255) })
  await expectRefusal(halls, 'catalog.unknown_sku', { path: 'catalog.setPrice', input: { sku: 'NONE', price: gbp(1) } })
  const { items, nextCursor } = await halls.answer('catalog.list', { limit: 2 }, asGuest)
  await halls.answer('catalog.list', { cursor: nextCursor }, asGuest)
  await expectRefusal(halls, 'catalog.bad_cursor', { path: 'catalog.list', input: { cursor: 'nowhere' } })
  await halls.answer('catalog.get', { id: items[0].id }, asGuest)
  await halls.answer('catalog.get', { sku: ' lamp ' }, { actor: customer })
  await expectRefusal(halls, 'catalog.unknown_product', { path: 'catalog.get', input: { id: unknown('prd') } })
  await halls.answer('catalog.variants', { skus: ['mug-red', 'NONE', 'POST'] })
  await halls.answer('pricing.setTaxRate', { country: 'GB', basisPoints: 2000 })
  await halls.answer('pricing.setTaxRate', { country: 'DE', basisPoints: 1900 }, { actor: service('pricing:write') })
  await halls.answer('pricing.listTaxRates', {})
  const line = (unitPriceMinor: number, quantity = 3) => ({ lineId: 'a', quantity, unitPriceMinor })
  await halls.answer('pricing.quote', {
    currency: 'GBP',
    country: 'GB',
    lines: [line(333), { ...line(1), lineId: 'b' }],
  })
  await expectRefusal(halls, 'pricing.too_much', {
    path: 'pricing.quote',
    input: { currency: 'GBP', country: 'GB', lines: [line(1_000_000_000_000)] },
  })
}

export async function keepKeys(halls: Lockstep): Promise<void> {
  const ownersHash = hashOf('the key of the owner')
  const keyHash = hashOf('the key of a service')
  await halls.answer('identity.ensureOwner', { keyHash: ownersHash })
  await halls.answer('identity.ensureOwner', { keyHash: hashOf('another') })
  const created = await halls.answer('identity.createApiKey', { name: 'till', permissions: ['orders:price'], keyHash })
  await expectRefusal(halls, 'identity.key_exists', {
    path: 'identity.createApiKey',
    input: { name: 'again', permissions: [], keyHash },
  })
  await halls.answer('identity.authenticate', { keyHash })
  const { keys } = await halls.answer('identity.listApiKeys', {})
  await halls.answer('identity.revokeApiKey', { id: created.id })
  await halls.answer('identity.revokeApiKey', { id: created.id })
  await halls.answer('identity.authenticate', { keyHash })
  const ownersKey = keys.find(({ id }: { id: string }) => id !== created.id)
  await expectRefusal(halls, 'identity.last_owner', { path: 'identity.revokeApiKey', input: { id: ownersKey.id } })
  await expectRefusal(halls, 'identity.unknown_key', { path: 'identity.revokeApiKey', input: { id: unknown('key') } })
}

export async function moveStock(halls: Lockstep): Promise<void> {
  const lines = [
    { sku: 'mug-red', quantity: 500 },
    { sku: 'MUG-BLUE', quantity: 500 },
    { sku: 'LAMP', quantity: 2000 },
    { sku: 'lamp', quantity: 1 },
  ]
  await halls.answer('inventory.receive', { reference: 'receipt 1', lines })
  await halls.answer('inventory.receive', { reference: 'receipt 1', lines })
  const one = [{ sku: 'LAMP', quantity: 1 }]
  const reserve = (reference: string, quantity = 1, more: Partial<Call> = {}): Call => ({
    path: 'inventory.reserve',
    input: { reference, lines: [{ sku: 'LAMP', quantity }] },
    ...more,
  })
  await halls.answer(
    'inventory.reserve',
    { reference: 'held', lines: one },
    { key: 'the key of held', caller: 'checkout' },
  )
  await expectRefusal(halls, 'platform.key_reused', reserve('held', 2, { key: 'the key of held', caller: 'checkout' }))
  await expectRefusal(halls, 'inventory.reference_used', reserve('held', 2))
  await expectRefusal(halls, 'inventory.out_of_stock', reserve('too much', 1_000_000))
  const release = { caller: 'checkout', undoesKey: 'the key of held', key: 'the key of held:undo' }
  await halls.answer('inventory.release', { reference: 'held' }, release)
  await halls.answer('inventory.release', { reference: 'held' }, release)
  await expectRefusal(halls, 'inventory.already_released', { path: 'inventory.commit', input: { reference: 'held' } })
  await halls.answer(
    'inventory.release',
    { reference: 'late' },
    { caller: 'checkout', undoesKey: 'the key of late', key: 'the key of late:undo' },
  )
  await expectRefusal(halls, 'platform.undone', reserve('late', 1, { key: 'the key of late', caller: 'checkout' }))
  await halls.answer('inventory.reserve', { reference: 'sold', lines: one })
  await halls.answer('inventory.commit', { reference: 'sold' })
  await halls.answer('inventory.commit', { reference: 'sold' })
  await expectRefusal(halls, 'inventory.already_committed', { path: 'inventory.release', input: { reference: 'sold' } })
  await expectRefusal(halls, 'inventory.unknown_reservation', {
    path: 'inventory.commit',
    input: { reference: 'nothing' },
  })
  await halls.answer('inventory.levels', { skus: ['lamp', 'NONE', 'MUG-RED'] })
}
