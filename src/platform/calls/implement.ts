/** Binds a contract to the functions that do it: a table of contents that a stranger can read aloud. */
import type { AnswerOf, Contract, InputOf, Operation } from '../contract.ts'
import type { JobHandler, Schedule } from '../events/job.ts'
import type { Listener } from '../events/event.ts'
import type { SagaDefinition, UndoOfSaga } from '../saga/saga.ts'
import type { CommandCtx, QueryCtx } from './context.ts'

/** What does an operation of this kind. */
export type HandlerOf<Op extends Operation> = Op['kind'] extends 'query'
  ? (ctx: QueryCtx<any>, input: InputOf<Op>) => Promise<AnswerOf<Op>>
  : Op['kind'] extends 'command'
    ? (ctx: CommandCtx<any>, input: InputOf<Op>) => Promise<AnswerOf<Op>>
    : SagaDefinition<InputOf<Op>, any, AnswerOf<Op>> | UndoOfSaga

export type Handlers<C extends Contract> = { [Name in keyof C['operations']]: HandlerOf<C['operations'][Name]> }

/** A contract with what does it. */
export type ModuleRouter = {
  contract: Contract
  handlers: Record<string, HandlerOf<Operation> | SagaDefinition | UndoOfSaga>
}

/** Binds each operation of the contract to what does it. */
export const implement = <C extends Contract>(contract: C, handlers: Handlers<C>): ModuleRouter => ({
  contract,
  handlers: handlers as ModuleRouter['handlers'],
})

/**
 * What can become of a module's tables where they are to be made again: all of it `from events`, or nothing, for a reason that goes
 * on after "… cannot be rebuilt:".
 */
export type Rebuild = 'from events' | { refused: string }

/** A module that listens says whether its tables can be made again. */
type Listens =
  | { listeners?: undefined; rebuild?: undefined }
  | {
      listeners: readonly Listener[]
      rebuild: Rebuild
    }

/** A module, assembled: what `module.ts` returns. */
export type ModuleAssembly = Listens & {
  router: ModuleRouter
  jobs?: readonly JobHandler[]
  schedules?: readonly Schedule[]
  /** Told once the process answers: where the public face is, or undefined where another process has it. */
  onOpen?(open: { publicUrl: string | undefined }): Promise<void>
  /** Ends what the assembly opened itself, such as connections to an outside party. */
  close?(): Promise<void>
}
