/** What guests are answered from memory: the same as those get whom the module answers, in every hall. */
import fc from 'fast-check'
import { eventually } from '#testing/eventually'
import type { TestHall } from '#testing/hall'
import { validInput } from './inputs.ts'
import { type Lockstep, operations } from './lockstep.ts'

const cached = operations.filter(({ spec }) => spec.cached)
const asksEach = 4

/** Asks twice each, so that the second answer may come from memory, then past it. Call it where something has changed. */
export async function compareMemory(halls: Lockstep, seed: number): Promise<void> {
  for (const { path, spec } of cached) {
    for (const input of fc.sample(validInput(spec.input, halls.pool), { seed, numRuns: asksEach })) {
      const url = `/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`
      await halls.same(`a guest who asks ${path} ${JSON.stringify(input)}`, (hall) => answerOf(hall, url))
    }
  }
}

/** Where all is one process a change counts at once. Elsewhere's are seen a moment later, and not later than that. */
function answerOf(hall: TestHall, url: string): Promise<{ kept: string; fresh: string }> {
  const ask = async () => {
    await answered(hall, url)
    const kept = await answered(hall, url)
    return { kept, fresh: await answered(hall, url, { 'idempotency-key': 'past-the-memory-of-guests' }) }
  }
  return eventually(ask, ({ kept, fresh }) => kept === fresh, hall.processes.length === 1 ? -1 : 5_000)
}

async function answered(hall: TestHall, url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${hall.url}${url}`, { headers })
  return `${response.status} ${await response.text()}`
}
