/** A typed call inside one process: CPU time per call, many under way. Ours with all that it carries, and tRPC's own `localLink`. */
import { createTRPCClient, unstable_localLink } from '@trpc/client'
import { initTRPC } from '@trpc/server'
import { clientsFor, dispatchWith } from '#platform/calls/clients'
import type { CallContext } from '#platform/calls/context'
import { Traffic } from '#platform/calls/traffic'
import { createLog } from '#platform/log'
import { order, priced } from './order.ts'
import { bindStall, orderAnswer, orderInput, stallContract } from './payload.ts'

export const SIDE_BY_SIDE = 64

export const contextOf = (): CallContext => ({
  actor: {
    kind: 'staff',
    id: 'acc_01890000-0000-7000-8000-000000000000',
    permissions: ['orders:read', 'orders:refund'],
  },
  caller: 'shop',
  requestId: 'req_01890000-0000-7000-8000-000000000000',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  deadlineAt: Date.now() + 30_000,
  key: undefined,
  undoesKey: undefined,
  signal: undefined,
})

export const stallClient = (dispatch: Parameters<typeof clientsFor>[0]['dispatch']) =>
  clientsFor({ caller: 'shop', callees: ['stall'], contracts: { stall: stallContract }, dispatch })

/** CPU microseconds per call of ours. */
export async function measureLocal(calls: number): Promise<number> {
  const here = bindStall(createLog({ level: 'info' }))
  const far = {
    call: () => Promise.reject(new Error('Nothing is far here.')),
    ping: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  }
  const callsFor = stallClient(dispatchWith({ locate: () => ({ here }) }, far, new Traffic(new Date().toISOString())))
  // Every request makes a context of its own, and asks a few times under it.
  return cpuPerCall(calls, () => callsFor(contextOf()).stall.price.query(order))
}

/** CPU microseconds per call of tRPC's. */
export async function measureLocalLink(calls: number): Promise<number> {
  const trpc = initTRPC.create()
  const router = trpc.router({
    stall: trpc.router({
      price: trpc.procedure
        .input(orderInput)
        .output(orderAnswer)
        .query(({ input }) => priced(input)),
    }),
  })
  const client = createTRPCClient<typeof router>({
    links: [unstable_localLink({ router, createContext: () => Promise.resolve({}) })],
  })
  return cpuPerCall(calls, () => client.stall.price.query(order))
}

async function cpuPerCall(calls: number, call: () => Promise<unknown>): Promise<number> {
  await callMany(calls, call)
  const begun = process.cpuUsage()
  await callMany(calls, call)
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / calls
}

async function callMany(calls: number, call: () => Promise<unknown>): Promise<void> {
  let left = calls
  const caller = async () => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, caller))
}
