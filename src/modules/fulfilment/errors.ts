import { DomainError } from '#platform/errors'

export const unknownShipment = (orderId: string) =>
  new DomainError(
    'fulfilment.unknown_shipment',
    'NOT_FOUND',
    `There is nothing to send for order ${orderId}. An order that was placed just now is here in a moment.`,
  )

export const badCursor = () =>
  new DomainError('fulfilment.bad_cursor', 'BAD_REQUEST', 'The cursor is not one that a page of shipments gave.')
