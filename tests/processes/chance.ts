/** A small repeatable source of chance (mulberry32): whole numbers from `min` to `max`, both included. */
export type Chance = (min: number, max: number) => number

export function createChance(seed: number): Chance {
  let state = seed
  return (min, max) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return min + (((mixed ^ (mixed >>> 14)) >>> 0) % (max - min + 1))
  }
}

/** `count` different numbers from `min` to `max`, in order. */
export function differentNumbers(
  chance: Chance,
  { count, min, max }: { count: number; min: number; max: number },
): number[] {
  const drawn = new Set<number>()
  while (drawn.size < Math.min(count, max - min + 1)) drawn.add(chance(min, max))
  return [...drawn].sort((a, b) => a - b)
}
