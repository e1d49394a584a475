/** A module without tables in a process face of its own, and what its callers need: for tests and measurements of calls alone. */
import { type AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { type CallContext } from '#platform/calls/context'
import { implement } from '#platform/calls/implement'
import { type BoundOperation, bindOperations, type ModuleRuntime } from '#platform/calls/operation'
import { type Route } from '#platform/calls/clients'
import { systemClock } from '#platform/clock'
import { defineContract, internal, query } from '#platform/contract'
import type { Certificates } from '#platform/far/certificates'
import { createInternalServer } from '#platform/http/internal-server'
import { randomIds } from '#platform/ids'
import { createLog, type Log } from '#platform/log'
import { z } from 'zod'

export const hallSecret = 'the secret of a hall of stalls'
export const quietLog: Log = createLog({ level: 'silent' })

const stallContract = defineContract('stall', {
  /** Answers what it was asked, once the stall lets it. */
  echo: query({
    access: internal,
    input: z.strictObject({ text: z.string() }),
    output: z.object({ text: z.string() }),
  }),
  /** Answers at once which process did it. */
  who: query({ access: internal, input: z.strictObject({}), output: z.object({ process: z.string() }) }),
})

type Stall = { name: string; echo?: (text: string) => Promise<string> }

/** The operations of a stall, bound as a process that hosts it would. None of them has a database to ask. */
export function bindStall({ name, echo = (text) => Promise.resolve(text) }: Stall): Map<string, BoundOperation> {
  const runtime = { name: 'stall', log: quietLog, clock: systemClock, newId: randomIds } as ModuleRuntime
  const router = implement(stallContract, {
    echo: async (_ctx, { text }) => ({ text: await echo(text) }),
    who: async () => ({ process: name }),
  })
  return bindOperations(router, runtime)
}

type StallOptions = Stall & {
  port?: number
  host?: string
  mayCall?: (caller: string) => boolean
  certificates?: Certificates
}

export type OpenStall = AsyncDisposable & { address: string; port: number; server: Server; requests: string[] }

/** Opens a stall's internal face. `crash` is disposal: connections are cut, and nobody listens any more. */
export async function openStall(stall: StallOptions): Promise<OpenStall> {
  const operations = bindStall(stall)
  const server = createInternalServer({
    secret: hallSecret,
    find: (path) => (path.startsWith('stall.') ? operations.get(path.slice('stall.'.length)) : undefined),
    mayCall: stall.mayCall ?? (() => true),
    certificates: stall.certificates,
  })
  const requests: string[] = []
  server.on('request', ({ url }) => requests.push(url ?? ''))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(stall.port ?? 0, stall.host ?? '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `${stall.certificates ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    server,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The route to an operation. `kind` may pretend to be of another kind: whether a call may be made again depends on it. */
export const routeTo = (name: keyof typeof stallContract.operations, kind: Route['kind'] = 'query'): Route => ({
  module: 'stall',
  name,
  path: `stall.${name}`,
  kind,
  undoes: false,
})

export const contextOf = (changed: Partial<CallContext> = {}): CallContext => ({
  actor: { kind: 'system', id: 'shop' },
  caller: 'shop',
  requestId: 'req_1',
  traceparent: undefined,
  deadlineAt: Date.now() + 30_000,
  key: undefined,
  undoesKey: undefined,
  signal: undefined,
  ...changed,
})
