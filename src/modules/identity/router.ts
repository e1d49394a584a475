import { implement } from '#platform/calls/implement'
import { assignRoles } from './accounts/assign-roles.ts'
import type { Guard } from './accounts/check-password.ts'
import { listAccounts } from './accounts/list-accounts.ts'
import { listRoles } from './accounts/list-roles.ts'
import { me } from './accounts/me.ts'
import { register } from './accounts/register.ts'
import { saveRole } from './accounts/save-role.ts'
import { authenticate } from './api-keys/authenticate.ts'
import { createApiKey } from './api-keys/create-api-key.ts'
import { ensureOwner } from './api-keys/ensure-owner.ts'
import { listApiKeys } from './api-keys/list-api-keys.ts'
import { revokeApiKey } from './api-keys/revoke-api-key.ts'
import { contract } from './contract.ts'
import { authenticateSession } from './sessions/authenticate-session.ts'
import { logIn } from './sessions/log-in.ts'
import { logOut } from './sessions/log-out.ts'
import { refresh } from './sessions/refresh.ts'
import type { Tokens } from './sessions/tokens.ts'

export const createRouter = ({ guard, tokens }: { guard: Guard; tokens: Tokens }) =>
  implement(contract, {
    register: register(guard),
    logIn: logIn({ guard, tokens }),
    refresh: refresh(tokens),
    logOut,
    me,
    signingKeys: () => Promise.resolve({ keys: [tokens.publicKey] }),
    authenticateSession,
    listAccounts,
    assignRoles,
    saveRole,
    listRoles,
    authenticate,
    ensureOwner,
    createApiKey,
    revokeApiKey,
    listApiKeys,
  })
