// src/modules/inventory/index.ts: all that other modules may know about inventory.
export { contract, type InventoryRouter } from './contract.ts'
export { audited } from './events.ts'
