// src/modules/identity/index.ts: all that other modules may know about identity.
export { contract, type IdentityRouter } from './contract.ts'
export { audited } from './events.ts'
