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
