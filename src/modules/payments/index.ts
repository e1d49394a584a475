// src/modules/payments/index.ts: all that other modules may know about payments.
export { contract, type PaymentsRouter } from './contract.ts'
export {
  audited,
  paymentAuthorised,
  paymentCaptured,
  paymentDeclined,
  paymentRefunded,
  paymentRefused,
  paymentVoided,
} from './events.ts'
export { cancel, capture, refund } from './jobs.ts'
