import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { listRecords } from './list-records.ts'
import { traceOf } from './trace-of.ts'
import { verifyChain } from './verify-chain.ts'

export const router = implement(contract, { verify: verifyChain, list: listRecords, trace: traceOf })
