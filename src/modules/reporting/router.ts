import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { countries, products, sales } from './sales.ts'

export const router = implement(contract, { sales, products, countries })
