// src/modules/pricing/index.ts: all that other modules may know about pricing.
export { contract, type PricingRouter } from './contract.ts'
export { audited } from './events.ts'
