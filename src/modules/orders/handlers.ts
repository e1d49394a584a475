import { shipped } from '#modules/fulfilment'
import { paymentCaptured, paymentRefunded, paymentRefused } from '#modules/payments'
import { on } from '#platform/events/event'
import { onPaymentCaptured, onPaymentRefunded, onPaymentRefused } from './on-payment.ts'
import { onShipped } from './on-shipped.ts'

export const listeners = [
  on(paymentCaptured, onPaymentCaptured),
  on(paymentRefunded, onPaymentRefunded),
  on(paymentRefused, onPaymentRefused),
  on(shipped, onShipped),
]
