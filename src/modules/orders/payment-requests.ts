/**
 * What payments is asked to do for an order. Every request has a name of its own, so that it is done once, for ever; and
 * all of an order's money is booked on the order's day, where reporting counts the order too.
 */

/** `placed`, `cancelled` and `shipped` happen once to an order; anything else is told apart by the order's version. */
export const requestNamed = (orderId: string, what: string): string => `${orderId}:${what}`

/** The UTC day of an instant, ISO 8601 in UTC. */
export const dayOf = (instant: string): string => instant.slice(0, 10)

type Told = { orderId: string; reference: string; currency: string; orderedAt: string }

/** The payload of a job that captures or gives back an amount. */
export const amountRequest = (order: Told, { what, amountMinor }: { what: string; amountMinor: number }) => ({
  reference: order.reference,
  request: requestNamed(order.orderId, what),
  amountMinor,
  currency: order.currency,
  valueDay: dayOf(order.orderedAt),
})
