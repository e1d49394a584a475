// src/modules/reporting/index.ts: all that other modules may know about reporting.
export { contract, type ReportingRouter } from './contract.ts'
export { audited } from './events.ts'
