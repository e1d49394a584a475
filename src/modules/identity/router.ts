import { implement } from '#platform/calls/implement'
import { authenticate } from './authenticate.ts'
import { contract } from './contract.ts'
import { createApiKey } from './create-api-key.ts'
import { ensureOwner } from './ensure-owner.ts'
import { listApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'

export const router = implement(contract, { authenticate, ensureOwner, createApiKey, revokeApiKey, listApiKeys })
