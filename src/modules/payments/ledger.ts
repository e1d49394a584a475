/**
 * What is booked for each thing that happens to a payment: values in, values out.
 *
 * Every attempt is booked once, in entries that sum to zero, so that the ledger sums to zero per payment.
 * README.md says what the accounts mean.
 */
export type Account = 'provider_hold' | 'customer_promise' | 'provider_receivable' | 'sales' | 'refunds'
export type BookingKind = 'authorise' | 'capture' | 'void' | 'refund'
export type Entry = { account: Account; amountMinor: number }

/** The entries of an authorisation, of a capture, of what a void or a refund gives back; none for an amount of 0. */
export function entriesOf(kind: BookingKind, amountMinor: number): Entry[] {
  if (amountMinor === 0) return []
  if (kind === 'authorise') return hold(amountMinor)
  if (kind === 'void') return hold(-amountMinor)
  if (kind === 'refund') {
    return [
      { account: 'provider_receivable', amountMinor: -amountMinor },
      { account: 'refunds', amountMinor },
    ]
  }
  return [
    ...hold(-amountMinor),
    { account: 'provider_receivable', amountMinor },
    { account: 'sales', amountMinor: -amountMinor },
  ]
}

const hold = (amountMinor: number): Entry[] => [
  { account: 'provider_hold', amountMinor },
  { account: 'customer_promise', amountMinor: -amountMinor },
]
