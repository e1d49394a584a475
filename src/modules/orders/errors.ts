import { DomainError } from '#platform/errors'

export const invoiceExists = (externalInvoice: string) =>
  new DomainError(
    'orders.invoice_exists',
    'CONFLICT',
    `There is an order for the external invoice ${externalInvoice} already.`,
  )

// The same whether the order does not exist or the asker may not see it: an order's existence is not told.
export const unknownOrder = (orderId: string) =>
  new DomainError('orders.unknown_order', 'NOT_FOUND', `There is no order ${orderId} that you may see.`)

export const badCursor = () =>
  new DomainError('orders.bad_cursor', 'BAD_REQUEST', 'The cursor is not one that a page of orders gave.')

export const alreadyShipped = (orderId: string) =>
  new DomainError(
    'orders.already_shipped',
    'CONFLICT',
    `Order ${orderId} has begun to ship and can no longer be cancelled.`,
  )

export const orderCancelledBefore = (orderId: string) =>
  new DomainError('orders.cancelled', 'CONFLICT', `Order ${orderId} was cancelled.`)

export const notPaid = (orderId: string) =>
  new DomainError(
    'orders.not_paid',
    'CONFLICT',
    `Order ${orderId} is not paid yet. It ships once its money is captured.`,
  )

export const wrongCurrency = (orderId: string, currency: string) =>
  new DomainError('orders.wrong_currency', 'BAD_REQUEST', `Order ${orderId} was bought in ${currency}.`)

export const captureTooMuch = (orderId: string) =>
  new DomainError(
    'orders.capture_too_much',
    'CONFLICT',
    `That is more than is left to capture of order ${orderId}, counting what was asked for before.`,
  )

export const refundTooMuch = (orderId: string) =>
  new DomainError(
    'orders.refund_too_much',
    'CONFLICT',
    `That is more than was captured of order ${orderId} and not given back yet, counting what was asked for before.`,
  )
