// src/modules/checkout/index.ts: all that other modules may know about checkout.
export { contract, type CheckoutRouter } from './contract.ts'
export { audited } from './events.ts'
