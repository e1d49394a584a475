/** A map that remembers what was used last: past its bound it forgets what was not used for longest. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, { value: Value; weight: number }>()
  readonly #weightMax: number
  #weight = 0

  /** `weightMax` bounds the sum of the weights; an entry weighs 1 unless told otherwise. */
  constructor(weightMax: number) {
    this.#weightMax = weightMax
  }

  get size(): number {
    return this.#entries.size
  }

  get weight(): number {
    return this.#weight
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    // A map keeps the order of insertion, so whoever is asked for moves to the end.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** What alone weighs more than the bound is not kept. */
  set(key: Key, value: Value, weight = 1): void {
    this.delete(key)
    if (weight > this.#weightMax) return
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#weightMax) return
      this.delete(oldest)
    }
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }
}
