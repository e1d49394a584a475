/**
 * Contracts: what others may know of a module, as a value.
 *
 * From a contract derive the router type that stock tRPC clients infer from, the typed client, the access checks and
 * the validation at every door. It is light: zod and this file, never a table or an operation.
 */
import type { TRPCBuiltRouter, TRPCDefaultErrorShape, TRPCMutationProcedure, TRPCQueryProcedure } from '@trpc/server'
import type { z } from 'zod'
import { assertWireSchema, type Wire } from './wire-schema.ts'

/** Who may call an operation. Nothing is public by omission. */
export type Access =
  | { kind: 'anyone' }
  | { kind: 'customer' }
  | { kind: 'staff'; permission: string }
  | { kind: 'internal' }

/** Anybody, signed in or not. A guest's things are guarded by an unguessable token in the input. */
export const anyone: Access = { kind: 'anyone' }
/**
 * A signed-in customer, or staff.
 * @public
 */
export const customer: Access = { kind: 'customer' }
/** Staff, or an API key, that holds the permission, such as `catalog:write`. */
export const staff = (permission: string): Access => ({ kind: 'staff', permission })
/** Other modules of the hall that the graph declares as callers; nobody from outside. */
export const internal: Access = { kind: 'internal' }

export type Kind = 'query' | 'command' | 'saga'

export type Operation<K extends Kind = Kind, I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> = {
  kind: K
  access: Access
  input: I
  output: O
  /** The reasons, besides the platform's own, for which this may be refused. */
  reasons: readonly string[]
  /** The operation of the same module that this one undoes. */
  undoes: string | undefined
  /**
   * Its input or answer holds a secret. Nothing of either is recorded, so a key sent along is ignored: whoever repeats it
   * does it again, and that must be harmless.
   */
  secret: boolean
  /** Whether a member of staff who does it is audited, though others may do it too. `staff` operations always are. */
  audited: boolean
  /** Whether guests may be answered from memory, until the module announces an event. */
  cached: boolean
}

type Spec<I extends z.ZodType, O extends z.ZodType> = {
  access: Access
  input: I & Wire<z.input<I>>
  output: O & Wire<z.output<O>>
  reasons?: readonly string[]
}
type ChangingSpec<I extends z.ZodType, O extends z.ZodType> = Spec<I, O> & {
  undoes?: string
  secret?: boolean
  audited?: boolean
}

/** An operation that only reads. `cached`: guests may be answered from memory until the module announces an event. */
export const query = <I extends z.ZodType, O extends z.ZodType>(
  spec: Spec<I, O> & { cached?: boolean },
): Operation<'query', I, O> => operation('query', spec)

/** An operation that writes in one transaction of its module. `undoes` names what it takes back. */
export const command = <I extends z.ZodType, O extends z.ZodType>(
  spec: ChangingSpec<I, O>,
): Operation<'command', I, O> => operation('command', spec)

/** An operation of several steps across modules or an outside party, each with its undo. */
export const saga = <I extends z.ZodType, O extends z.ZodType>(spec: ChangingSpec<I, O>): Operation<'saga', I, O> =>
  operation('saga', spec)

function operation<K extends Kind, I extends z.ZodType, O extends z.ZodType>(
  kind: K,
  spec: {
    access: Access
    input: I
    output: O
    reasons?: readonly string[]
    undoes?: string
    secret?: boolean
    audited?: boolean
    cached?: boolean
  },
): Operation<K, I, O> {
  const { access, input, output, reasons = [], undoes, secret = false, cached = false } = spec
  const audited = access.kind === 'staff' || (spec.audited ?? false)
  return { kind, access, input, output, reasons, undoes, secret, audited, cached }
}

export type Operations = Record<string, Operation>
export type Contract<Name extends string = string, Ops extends Operations = Operations> = {
  name: Name
  operations: Ops
}

/** Defines a module's contract. Throws where a schema could not travel as JSON, or an input accepts unknown fields. */
export function defineContract<const Name extends string, Ops extends Operations>(
  name: Name,
  operations: Ops,
): Contract<Name, Ops> {
  for (const [operationName, { input, output, undoes }] of Object.entries(operations)) {
    assertWireSchema(input, `${name}.${operationName} input`, { strict: true })
    assertWireSchema(output, `${name}.${operationName} output`, { strict: false })
    if (undoes !== undefined && !(undoes in operations)) {
      throw new Error(`${name}.${operationName} undoes ${undoes}, which the contract does not have.`)
    }
  }
  return { name, operations }
}

/** Wraps an operation's input and output as the procedure type that stock tRPC clients understand. */
type Root = { ctx: object; meta: object; errorShape: ErrorShape; transformer: false }
type ErrorShape = TRPCDefaultErrorShape & { data: { reason: string; retryAfterMs?: number } }
type ProcedureOf<Op extends Operation> = Op['kind'] extends 'query'
  ? TRPCQueryProcedure<{
      input: z.input<Op['input']>
      output: z.output<Op['output']>
      meta: object
      errorShape: ErrorShape
    }>
  : TRPCMutationProcedure<{
      input: z.input<Op['input']>
      output: z.output<Op['output']>
      meta: object
      errorShape: ErrorShape
    }>

/** The operations that a client outside the hall may see: all but the internal ones are listed by type alone. */
type RecordOf<Ops extends Operations> = { [Name in keyof Ops]: ProcedureOf<Ops[Name]> }

/** The tRPC router type of a contract, without the module's insides. */
export type RouterOf<C extends Contract> = TRPCBuiltRouter<Root, RecordOf<C['operations']>>

/** The tRPC router type of a hall: one router per module. */
export type HallRouterOf<Contracts extends Record<string, Contract>> = TRPCBuiltRouter<
  Root,
  { [Name in keyof Contracts]: RecordOf<Contracts[Name]['operations']> }
>

/** What one call may be told: its own, shorter time limit, a signal (queries only), a key of its own (commands). */
export type CallOptions = { timeoutMs?: number; signal?: AbortSignal; key?: string }

type ClientOperation<Op extends Operation> = Op['kind'] extends 'query'
  ? { query(input: z.input<Op['input']>, options?: CallOptions): Promise<z.output<Op['output']>> }
  : { mutate(input: z.input<Op['input']>, options?: CallOptions): Promise<z.output<Op['output']>> }

/** The typed client of a module: what `ctx.calls.<module>` is. */
export type ClientOf<C extends Contract> = { [Name in keyof C['operations']]: ClientOperation<C['operations'][Name]> }

/** A client that can only ask: what a query may use. */
export type AskingOnly<Calls> = {
  [Module in keyof Calls]: {
    [Name in keyof Calls[Module] as Calls[Module][Name] extends { query: unknown } ? Name : never]: Calls[Module][Name]
  }
}

export type InputOf<Op extends Operation> = z.output<Op['input']>
export type AnswerOf<Op extends Operation> = z.input<Op['output']>
