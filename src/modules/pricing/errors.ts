import { DomainError } from '#platform/errors'

export const tooMuch = () =>
  new DomainError('pricing.too_much', 'UNPROCESSABLE_CONTENT', 'The total is larger than an order may have. Split it.')
