import { expect, test } from 'vitest'
import { createApiKey, hashApiKey, looksLikeApiKey } from './api-key.ts'

test('a key looks like one, and is never made twice', () => {
  const keys = Array.from({ length: 100 }, createApiKey)
  expect(new Set(keys).size).toBe(100)
  for (const key of keys) expect(looksLikeApiKey(key)).toBe(true)
})

test.each([
  '',
  'mh_',
  'mh_short',
  `mh_${'a'.repeat(33)}`,
  `mh_${'a'.repeat(31)}!`,
  `xx_${'a'.repeat(32)}`,
  `mh_${'a'.repeat(32)}\n`,
])('%j does not look like a key', (text) => expect(looksLikeApiKey(text)).toBe(false))

test('the hash of a key is its SHA-256 in hexadecimal', () => {
  expect(hashApiKey('mh_known')).toBe(hashApiKey('mh_known'))
  expect(hashApiKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
