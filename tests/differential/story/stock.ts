/** What is in the house, to whom it is promised, and for whom it is kept. */
import type { Call, Lockstep } from '../lockstep.ts'
import { asCheckout, expectRefusal, expectRefusals } from './words.ts'

export async function receiveStock(halls: Lockstep): Promise<void> {
  const lines = [
    { sku: 'mug-red', quantity: 500 },
    { sku: 'MUG-BLUE', quantity: 500 },
    { sku: 'LAMP', quantity: 2000 },
    { sku: 'lamp', quantity: 1 },
  ]
  await halls.answer('inventory.saveLocation', { code: 'attic', name: 'The attic', priority: 7 })
  await halls.answer('inventory.saveLocation', { code: 'attic', name: 'An attic' })
  await halls.answer('inventory.listLocations', {})
  await halls.answer('inventory.receive', { reference: 'receipt 1', lines })
  await halls.answer('inventory.receive', { reference: 'receipt 1', lines })
  const more = { reference: 'receipt 2', lines: [{ sku: 'LAMP', quantity: 3 }] }
  await halls.answer('inventory.receive', { ...more, location: 'attic' })
  await expectRefusals(halls, 'inventory.receive', {
    'inventory.unknown_location': { ...more, reference: 'receipt 3', location: 'cellar' },
  })
}

export async function promiseStock(halls: Lockstep): Promise<void> {
  const one = [{ sku: 'LAMP', quantity: 1 }]
  const reserve = (reference: string, quantity = 1, more: Partial<Call> = {}): Call => ({
    path: 'inventory.reserve',
    input: { reference, lines: [{ sku: 'LAMP', quantity }] },
    ...more,
  })
  const key = 'the key of what is promised'
  await halls.answer('inventory.reserve', { reference: 'promised', lines: one }, { ...asCheckout, key })
  await expectRefusal(halls, 'platform.key_reused', reserve('promised', 2, { ...asCheckout, key }))
  await expectRefusal(halls, 'inventory.reference_used', reserve('promised', 2))
  await expectRefusal(halls, 'inventory.out_of_stock', reserve('too much', 1_000_000))
  const release = { ...asCheckout, undoesKey: key, key: `${key}:undo` }
  await halls.answer('inventory.release', { reference: 'promised' }, release)
  await halls.answer('inventory.release', { reference: 'promised' }, release)
  const late = 'the key of what is late'
  await halls.answer(
    'inventory.release',
    { reference: 'late' },
    { ...asCheckout, undoesKey: late, key: `${late}:undo` },
  )
  await expectRefusal(halls, 'platform.undone', reserve('late', 1, { ...asCheckout, key: late }))
  await halls.answer('inventory.levels', { skus: ['lamp', 'NONE', 'MUG-RED'] })
}

export async function holdStock(halls: Lockstep): Promise<void> {
  const held = { reference: 'a cart', lines: [{ sku: 'LAMP', quantity: 2 }], minutes: 120 }
  const key = 'the key of what is held'
  await halls.answer('inventory.hold', held, { ...asCheckout, key })
  await halls.answer('inventory.hold', held, { ...asCheckout, key })
  await halls.answer('inventory.hold', { ...held, lines: [{ sku: 'LAMP', quantity: 2002 }] })
  await expectRefusals(halls, 'inventory.hold', {
    'inventory.out_of_stock': { ...held, reference: 'another', lines: [{ sku: 'LAMP', quantity: 50 }] },
  })
  await halls.answer('inventory.reserve', { reference: 'of a cart', lines: held.lines, hold: 'a cart' })
  await halls.answer('inventory.release', { reference: 'of a cart' })
  await halls.answer('inventory.hold', { ...held, reference: 'another' })
  await halls.answer('inventory.endHold', { reference: 'another' })
  await halls.answer('inventory.endHold', { reference: 'another' })
  await halls.answer('inventory.levels', { skus: ['lamp'] })
}
