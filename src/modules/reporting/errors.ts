import { DomainError } from '#platform/errors'

export const badRange = (from: string, to: string) =>
  new DomainError(
    'reporting.bad_range',
    'BAD_REQUEST',
    `From ${from} to ${to} is no range: "from" must not be after "to", and both lie in at most 3660 days.`,
  )
