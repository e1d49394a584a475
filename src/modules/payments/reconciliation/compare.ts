/** What our books and the provider's say of one attempt: values in, a verdict out. */
import type { AnswerOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import type { Transaction } from '../provider.ts'

/** An attempt of ours, with what the ledger has booked for it. */
export type Ours = {
  id: string
  kind: string
  /** Null while its outcome is not known here. */
  status: string | null
  amountMinor: number
  currency: string
  providerId: string | null
  authorisation: string | null
  bookedMinor: number
}

type Reconciliation = AnswerOf<(typeof contract)['operations']['reconciliation']>
export type DifferenceKind = Reconciliation['differences'][number]['kind']

/** How they differ, the first that applies, or null where they agree. */
export function differenceOf(ours: Ours | undefined, theirs: Transaction | null): DifferenceKind | null {
  if (ours === undefined) return 'unknown_here'
  if (theirs === null) return 'unknown_there'
  if (ours.kind !== theirs.kind) return 'other_kind'
  if (ours.currency !== theirs.currency) return 'other_currency'
  if (ours.amountMinor !== theirs.amountMinor) return 'other_amount'
  if (ours.status === null) return 'not_decided_here'
  if (ours.status !== theirs.status) return 'other_status'
  if (ours.providerId !== theirs.providerId || ours.authorisation !== theirs.authorisation) return 'other_charge'
  const toBook = theirs.status === 'succeeded' ? theirs.amountMinor : 0
  return ours.bookedMinor === toBook ? null : 'not_booked'
}
