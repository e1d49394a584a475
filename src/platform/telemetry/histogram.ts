/** Values counted by size, as plain numbers: what is on the way of a call must cost next to nothing. */
export class Histogram {
  /** The upper bounds, ascending. What is larger than all has a place of its own after theirs. */
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds, counts } = this
    let place = 0
    while (place < bounds.length && value > bounds[place]!) place += 1
    counts[place]! += 1
    this.sum += value
  }

  /** Counts what another has counted, whose bounds are the same. */
  add({ counts, sum }: Histogram): void {
    counts.forEach((count, place) => (this.counts[place]! += count))
    this.sum += sum
  }
}

/** For calls and requests, in seconds: from what memory answers to what somebody gives up on. */
export const secondsBounds: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]
