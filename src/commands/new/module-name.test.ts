import { expect, test } from 'vitest'
import { assertNewName } from './module-name.ts'

const known = ['orders', 'catalog']

test.each(['loyalty', 'wishlists', 'ab', 'x'.repeat(20)])('a module can be called %s', (name) => {
  expect(() => assertNewName(name, known)).not.toThrow()
})

test.each([
  ['', 'one word of 2 to 20 small letters'],
  ['x', 'one word of 2 to 20 small letters'],
  ['x'.repeat(21), 'one word of 2 to 20 small letters'],
  ['gift-cards', 'without spaces, digits, hyphens or capitals'],
  ['gift_cards', '"gift_cards" is not'],
  ['Loyalty', '"Loyalty" is not'],
  ['../orders', '"../orders" is not'],
  ['año', '"año" is not'],
  ['b2b', '"b2b" is not'],
  ['loyalty\n', '"loyalty\\n" is not'],
  ['orders', 'There is a module orders already'],
  ['order', 'mistaken for the module orders'],
  ['catalogs', 'mistaken for the module catalog'],
  ['gateway', 'what stands between clients and modules'],
  ['queue', 'QUEUE_DATABASE_URL'],
  ['class', 'a word of TypeScript or PostgreSQL'],
  ['table', 'a word of TypeScript or PostgreSQL'],
])('a module cannot be called %j: %s', (name, why) => {
  expect(() => assertNewName(name, known)).toThrow(why)
})
