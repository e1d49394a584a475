import { setTimeout as delay } from 'node:timers/promises'

/** Whether the work ends in time; one that fails has ended too. */
export async function endsWithin(work: Promise<unknown>, msMax: number): Promise<boolean> {
  const tooLate = new AbortController()
  const ended = work.then(
    () => true,
    () => true,
  )
  const isEnded = await Promise.race([ended, delay(msMax, false, { signal: tooLate.signal }).catch(() => false)])
  tooLate.abort()
  return isEnded
}
