import { paymentCaptured } from '#modules/payments'
import { on } from '#platform/events/event'
import { markPaid } from './mark-paid.ts'

export const listeners = [on(paymentCaptured, markPaid)]
