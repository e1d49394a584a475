import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { listTaxRates } from './list-tax-rates.ts'
import { quote } from './quote.ts'
import { setTaxRate } from './set-tax-rate.ts'

export const router = implement(contract, { quote, setTaxRate, listTaxRates })
