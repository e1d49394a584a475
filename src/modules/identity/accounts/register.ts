/** Makes a customer's account. It hashes before its transaction, and a saga that asks and then writes leaves no row. */
import type { LocalCtx, ModuleTypes, SagaCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import type { contract } from '../contract.ts'
import { emailTaken } from '../errors.ts'
import { checkPassword, type Guard, hashOf } from './check-password.ts'
import { accountByEmail, type AccountView, forgetAttempts, insertAccount } from './queries.ts'

type Register = InputOf<typeof contract.operations.register>
/** `known`: somebody with this password had registered before. */
type Prepared = { known: boolean; passwordHash: string }
type Results = { prepare: Prepared; create: AccountView }

const { ask, local, define } = sagaOf<ModuleTypes, Register, Results>()

export const register = (guard: Guard) =>
  define<AnswerOf<typeof contract.operations.register>>({
    steps: [
      ask('prepare', {
        request: ({ input }) => input,
        do: (ctx, input) => guard.turnstile(() => prepare(ctx, guard, input)),
      }),
      local('create', { do: (ctx, { input, done }) => create(ctx, input, done.prepare) }),
    ],
    answer: ({ done }) => done.create,
  })

async function prepare(ctx: SagaCtx, { hashing }: Guard, { email, password }: Register): Promise<Prepared> {
  const [known] = await accountByEmail(ctx.db).execute({ email })
  if (!known) return { known: false, passwordHash: await hashing.hash({ email, password }) }
  // Whoever registers again is guessing, or repeats a call whose answer was lost: his attempts are counted like logins.
  const checked = await checkPassword(ctx, hashing, { email, password })
  if (checked.result !== 'right') throw emailTaken()
  return { known: true, passwordHash: known.passwordHash }
}

async function create(
  ctx: LocalCtx,
  { email, name }: Register,
  { known, passwordHash }: Prepared,
): Promise<AccountView> {
  if (known) await forgetAttempts(ctx.tx).execute({ emailHash: hashOf(email) })
  else {
    const id = ctx.newId('acc')
    const [made] = await insertAccount(ctx.tx).execute({ id, email, name: name ?? null, passwordHash, now: ctx.now() })
    if (made) return made
  }
  const [account] = await accountByEmail(ctx.tx).execute({ email })
  // Registered at the same moment: with the same password it is the same account.
  if (!account || account.passwordHash !== passwordHash) throw emailTaken()
  const { passwordHash: _, ...view } = account
  return view
}
