// All that other modules may know about fulfilment.
export { contract, type FulfilmentRouter } from './contract.ts'
export { audited, shipped } from './events.ts'
