/** Waiting for a condition, never for a time. */
import { setTimeout as delay } from 'node:timers/promises'

/** Asks until `isTrue` of the answer, and returns it; fails with the last answer after `msMax`. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  isTrue: (answer: Answer) => boolean,
  msMax = 20_000,
): Promise<Answer> {
  const giveUpAt = Date.now() + msMax
  for (;;) {
    const answer = await ask()
    if (isTrue(answer)) return answer
    if (Date.now() > giveUpAt) throw new Error(`It did not become true. The last answer was ${JSON.stringify(answer)}.`)
    await delay(20)
  }
}
