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
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const step = fc.record({
    what: fc.constantFrom('set' as const, 'get' as const, 'delete' as const),
    key: fc.constantFrom(...names),
    weight: fc.nat(12),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new BoundedMap<string, number>(10)
      const last = new Map<string, number>()
      const does = {
        set(key: string, weight: number) {
          map.set(key, weight, weight)
          last.set(key, weight)
        },
        get: (key: string) => void map.get(key),
        delete: (key: string) => map.delete(key),
      }
      for (const { what, key, weight } of steps) does[what](key, weight)
      const kept = names.filter((name) => map.get(name) !== undefined)
      expect(kept.map((name) => map.get(name))).toEqual(kept.map((name) => last.get(name)))
      expect(map.size).toBe(kept.length)
      expect(map.weight).toBe(kept.reduce((sum, name) => sum + map.get(name)!, 0))
      expect(map.weight).toBeLessThanOrEqual(10)
    }),
    { seed: 1_202_010 },
  )
})
