import type { ModuleAssembly } from '#platform/calls/implement'
import type { AssemblyDeps } from '#platform/host/assembly'
import { createPasswordHashing } from './accounts/password-hash.ts'
import { createTurnstile } from './accounts/turnstile.ts'
import { createRouter } from './router.ts'
import { forgetExpired } from './sessions/forget-expired.ts'
import { createTokens } from './sessions/tokens.ts'

/** Two hashes at once leave half of Node's threads to files and names; 32 that wait are served within a second. */
const passwords = { atOnce: 2, waitingMax: 32 }

export async function createIdentityModule({ secretFor }: AssemblyDeps): Promise<ModuleAssembly> {
  const hashing = createPasswordHashing({ secret: secretFor('identity-password-salts') })
  const guard = { hashing, turnstile: createTurnstile(passwords) }
  return { router: createRouter({ guard, tokens: await createTokens(secretFor) }), schedules: [forgetExpired] }
}
