// src/modules/audit/index.ts: all that other modules may know about audit.
export { contract, type AuditRouter } from './contract.ts'
