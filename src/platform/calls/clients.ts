/**
 * `ctx.calls`: typed clients of the modules that a module may call, wherever those live now.
 *
 * A path is resolved once, into a prototype; a context costs one small object, a call none but its own. Here the
 * operation is just called, elsewhere the far client carries it: both end in `run`, and both give the same value or the
 * same `TRPCClientError`.
 */
import type { CallOptions, Contract, Kind } from '../contract.ts'
import { clientErrorOf } from '../errors.ts'
import type { Addresses } from '../directory/directory.ts'
import type { FarClient } from '../far/far-client.ts'
import { readerOf } from '../wire-schema.ts'
import type { CallContext } from './context.ts'
import type { BoundOperation } from './operation.ts'
import { type Outcome, run } from './run.ts'
import { micros, type Traffic } from './traffic.ts'

/** Where a module lives now: here, or in a process elsewhere, any instance of which will do. */
export type Placement = { here: ReadonlyMap<string, BoundOperation> } | { addresses: Addresses }

/** The live answer to "where is this module?". */
export type Placements = { locate(module: string): Placement }

export type Route = {
  module: string
  name: string
  path: string
  kind: Kind
  undoes: boolean
  /**
   * What the caller's release knows of an answer from elsewhere, which may be that of a later one. Absent where it is not used but handed on.
   */
  read?(answer: unknown): unknown
}

/** Carries one call to where its module lives, and returns what came of it. Never throws. */
export type Dispatch = (route: Route, context: CallContext, input: unknown) => Promise<Outcome>

/** Finds the module of a call, runs it there, and counts it. */
export const dispatchWith =
  (placements: Placements, far: Pick<FarClient, 'call'>, traffic: Traffic): Dispatch =>
  async (route, context, input) => {
    const beganAt = micros()
    const placement = placements.locate(route.module)
    const isFar = 'addresses' in placement
    const outcome = isFar
      ? asKnown(route, await far.call(placement.addresses, { route, context, input }))
      : await run(boundHere(placement.here, route), context, input)
    const count = (isFar ? traffic.far : traffic.near).add(context.caller, route.path, beganAt)
    if (!outcome.ok) count.failed(outcome.failure.reason)
    return outcome
  }

const asKnown = ({ read }: Route, outcome: Outcome): Outcome =>
  outcome.ok && read !== undefined ? { ok: true, value: read(outcome.value) } : outcome

function boundHere(here: ReadonlyMap<string, BoundOperation>, { name, path }: Route): BoundOperation {
  const operation = here.get(name)
  if (!operation) throw new Error(`${path} is not bound here.`)
  return operation
}

/** The calls of one context. Commands under a context with a key get keys of their own from it, in their order. */
class Calls {
  readonly context: CallContext
  #commands = 0

  constructor(context: CallContext) {
    this.context = context
  }

  nextKey(): string | undefined {
    const { key } = this.context
    if (key === undefined) return undefined
    this.#commands += 1
    return this.#commands === 1 ? key : `${key}:${this.#commands}`
  }
}

/** Makes the function that gives a context its calls. `callees` are those that the graph declares for `caller`. */
export function clientsFor(options: {
  caller: string
  callees: readonly string[]
  contracts: Record<string, Contract>
  dispatch: Dispatch
}): (context: CallContext) => any {
  const { caller, callees, contracts, dispatch } = options
  class OwnCalls extends Calls {}
  for (const module of callees) {
    const contract = contracts[module]
    if (!contract) throw new Error(`${caller} calls ${module}, of which there is no contract.`)
    const Client = clientClass(contract, caller, dispatch)
    Object.defineProperty(OwnCalls.prototype, module, {
      get(this: Calls) {
        return new Client(this)
      },
    })
  }
  return (context) => new OwnCalls(context)
}

function clientClass(contract: Contract, caller: string, dispatch: Dispatch) {
  class Client {
    readonly calls: Calls
    constructor(calls: Calls) {
      this.calls = calls
    }
  }
  for (const [name, { kind, undoes, output }] of Object.entries(contract.operations)) {
    const reader = readerOf(output)
    const route: Route = {
      module: contract.name,
      name,
      path: `${contract.name}.${name}`,
      kind,
      undoes: undoes !== undefined,
      read(answer) {
        const { success, data } = reader(answer)
        // What is not what was promised is for the caller to find out, as it always was.
        return success ? data : answer
      },
    }
    const verb = kind === 'query' ? 'query' : 'mutate'
    Object.defineProperty(Client.prototype, name, {
      get(this: Client) {
        const { calls } = this
        return {
          [verb]: (input: unknown, options?: CallOptions) =>
            call(dispatch, { route, caller, calls }, { input, options }),
        }
      },
    })
  }
  return Client
}

async function call(
  dispatch: Dispatch,
  { route, caller, calls }: { route: Route; caller: string; calls: Calls },
  { input, options }: { input: unknown; options: CallOptions | undefined },
): Promise<unknown> {
  const outer = calls.context
  const isQuery = route.kind === 'query'
  const deadlineAt =
    options?.timeoutMs === undefined ? outer.deadlineAt : Math.min(outer.deadlineAt, Date.now() + options.timeoutMs)
  const context: CallContext = {
    actor: outer.actor,
    caller,
    requestId: outer.requestId,
    correlation: outer.correlation,
    traceparent: outer.traceparent,
    deadlineAt,
    key: isQuery ? undefined : (options?.key ?? calls.nextKey()),
    undoesKey: route.undoes ? outer.undoesKey : undefined,
    signal: isQuery ? (options?.signal ?? outer.signal) : undefined,
  }
  const outcome = await dispatch(route, context, input)
  if (outcome.ok) return outcome.value
  throw clientErrorOf(outcome.failure, route.path)
}
