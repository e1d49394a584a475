/** The words that the story is told in: who asks, for what, and what must come of it. */
import { createHash } from 'node:crypto'
import { guest, type Actor } from '#platform/values'
import type { Call, Lockstep } from '../lockstep.ts'

export const service = (...permissions: string[]): Actor => ({ kind: 'service', id: 'key_service', permissions })
export const customer: Actor = { kind: 'customer', id: 'cus_1' }
export const asGuest: Partial<Call> = { actor: guest, caller: 'client:guest' }
export const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
export const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
/** An id of the right form that nobody has. */
export const unknown = (prefix: string) => `${prefix}_00000000-0000-7000-8000-000000000000`

/** Makes a call that must be refused for this reason. */
export async function expectRefusal(halls: Lockstep, reason: string, { path, input, ...more }: Call): Promise<void> {
  const met = await halls.refusal(path, input, more)
  if (met !== reason) throw new Error(`${path} was to be refused as ${reason}, and was: ${met}`)
}
