import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedMap } from './bounded-map.ts'

test('what was not used for longest is forgotten first', () => {
  const map = new BoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
})

test('whatever is done to it, it holds at most its weight, and knows how much that is', () => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const steps = fc.array(fc.record({ what: fc.constantFrom('set', 'get', 'delete'), key: keys, weight: fc.nat(12) }))
  fc.assert(
    fc.property(steps, (all) => {
      const map = new BoundedMap<string, number>(10)
      const weights = new Map<string, number>()
      for (const { what, key, weight } of all) {
        if (what === 'get') expect(map.get(key) ?? weights.get(key)).toBe(weights.get(key))
        else if (what === 'delete') map.delete(key)
        else map.set(key, weight, weight)
        if (what === 'set') weights.set(key, weight)
      }
      const kept = [...'abcdef'].map((key) => map.get(key)).filter((weight) => weight !== undefined)
      expect(map.size).toBe(kept.length)
      expect(map.weight).toBe(kept.reduce((sum, weight) => sum + weight, 0))
      expect(map.weight).toBeLessThanOrEqual(10)
    }),
    { seed: 1_202_010 },
  )
})
