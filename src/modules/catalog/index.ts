// src/modules/catalog/index.ts: all that other modules may know about the catalog.
export { contract, type CatalogRouter } from './contract.ts'
export { audited, productChanged } from './events.ts'
