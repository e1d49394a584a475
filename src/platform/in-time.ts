/** Asking what may hang: nobody waits for it longer than he wants to. */
import { setTimeout as delay } from 'node:timers/promises'

/** What the work comes to; undefined where it fails, or does not end in time. It is not waited for by a program that has nothing else to do. */
export async function inTime<Answer>(work: Promise<Answer>, msMax: number): Promise<Answer | undefined> {
  const enough = new AbortController()
  const answered = work.catch(() => undefined)
  const tooLong = delay(msMax, undefined, { signal: enough.signal, ref: false }).catch(() => undefined)
  const answer = await Promise.race([answered, tooLong])
  enough.abort()
  return answer
}

/** Asks each question once at a time: what hangs would keep a connection for each time that it is asked. Who asks meanwhile waits for the same answer. */
export class OpenQuestions {
  readonly #open = new Map<unknown, Promise<unknown>>()

  ask<Answer>(about: unknown, question: () => Promise<Answer>): Promise<Answer> {
    const open = this.#open.get(about) ?? question().finally(() => this.#open.delete(about))
    this.#open.set(about, open)
    return open as Promise<Answer>
  }
}
