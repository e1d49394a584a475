/** Calls that wait for their answers. */
import type { Outcome } from '../calls/run.ts'
import { encodeCall, type FarCall } from './wire.ts'

const batchCallsMax = 32
const batchCharactersMax = 256 * 1024

/** No answer will come. Where the call cannot have `arrived`, it may be made again, whatever it is. */
export class Lost extends Error {
  override readonly name = 'Lost'
  readonly arrived: boolean

  constructor(cause: unknown, arrived: boolean) {
    super('The connection was lost.', { cause })
    this.arrived = arrived
  }
}

export type Pending = {
  id: number
  path: string
  text: string
  deadlineAt: number
  isSent: boolean
  resolve(outcome: Outcome): void
  reject(lost: Lost): void
}

/** A call as text, or undefined where its input is nested so deeply that it cannot be written. */
export function written(id: number, call: FarCall): string | undefined {
  try {
    return encodeCall(id, call)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Those that wait, as they share requests. */
export function* inBatches(waiting: readonly Pending[]): Generator<Pending[]> {
  let batch: Pending[] = []
  let characters = 0
  for (const pending of waiting) {
    if (batch.length === batchCallsMax || (batch.length > 0 && characters + pending.text.length > batchCharactersMax)) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(pending)
    characters += pending.text.length
  }
  if (batch.length > 0) yield batch
}
