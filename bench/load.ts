/** A closed load: so many customers, each asking again as soon as it was answered. */

export type Load = {
  perSecond: number
  count: number
  /** What `work` returned, in no order. */
  samples: number[]
}

export type LoadOptions = {
  customers: number
  seconds: number
  signal: AbortSignal
  /** One unit of work; returns the sample to keep of it, in milliseconds. */
  work(turn: number): Promise<number>
}

/** Runs the load. Work that has begun when time is up is finished, and counted with the time that it took. */
export async function runLoad({ customers, seconds, signal, work }: LoadOptions): Promise<Load> {
  const samples: number[] = []
  const begun = performance.now()
  const until = begun + seconds * 1000
  let turn = 0
  const customer = async () => {
    while (performance.now() < until) {
      signal.throwIfAborted()
      turn += 1
      samples.push(await work(turn))
    }
  }
  await Promise.all(Array.from({ length: customers }, customer))
  const elapsed = (performance.now() - begun) / 1000
  return { perSecond: samples.length / elapsed, count: samples.length, samples }
}

/** The value below which this share (0 to 1) of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export type Timed = <Answer>(request: Promise<Answer>) => Promise<Answer>

export type Purchase = {
  /** The whole of it, all requests, in milliseconds. */
  totalMs: number
  /** Its slowest request, in milliseconds. */
  slowestMs: number
}

/** Makes a purchase, each of whose requests is handed to `timed`, and tells how long they took. */
export async function timePurchase(buy: (timed: Timed) => Promise<void>): Promise<Purchase> {
  let slowestMs = 0
  let totalMs = 0
  await buy(async (request) => {
    const begun = performance.now()
    const answer = await request
    const took = performance.now() - begun
    slowestMs = Math.max(slowestMs, took)
    totalMs += took
    return answer
  })
  return { totalMs, slowestMs }
}
