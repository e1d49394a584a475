/** A line of TCP to a server of this machine, which can be cut, hang half-open, be slow, and refuse. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export type Line = AsyncDisposable & {
  port: number
  /** Ends every connection. New ones are let in. */
  cut(): void
  /** Says nothing any more, on old connections and new ones, and ends nothing: neither side hears that the other has gone. */
  hang(ms: number): Promise<void>
  /** Ends every connection, and each that is tried. */
  refuse(ms: number): Promise<void>
  /** Brings every piece so much later. */
  slow(ms: number, delayMs: number): Promise<void>
}

type Pair = { ends: readonly [Socket, Socket]; hangs: boolean }
type State = { hanging: number; refusing: number; delaysMs: number[] }

/** Opens a line to a port. */
export async function openLine(target: number): Promise<Line> {
  const pairs = new Set<Pair>()
  const state: State = { hanging: 0, refusing: 0, delaysMs: [] }
  const server = createServer((incoming) => {
    if (state.refusing > 0) {
      incoming.resetAndDestroy()
      return
    }
    const pair: Pair = { ends: [incoming, connect(target, '127.0.0.1')], hangs: state.hanging > 0 }
    pairs.add(pair)
    const [near, far] = pair.ends
    carry({ from: near, to: far }, pair, state)
    carry({ from: far, to: near }, pair, state)
    for (const end of pair.ends) end.once('close', () => void (near.destroyed && far.destroyed && pairs.delete(pair)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (which: (pair: Pair) => boolean = () => true) => {
    for (const pair of [...pairs].filter(which)) for (const end of pair.ends) end.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => cut(),
    async hang(ms) {
      state.hanging += 1
      for (const pair of pairs) pair.hangs = true
      await delay(ms)
      state.hanging -= 1
      cut(({ hangs }) => hangs)
    },
    async refuse(ms) {
      state.refusing += 1
      cut()
      await delay(ms)
      state.refusing -= 1
    },
    async slow(ms, delayMs) {
      state.delaysMs.push(delayMs)
      await delay(ms)
      state.delaysMs.splice(state.delaysMs.indexOf(delayMs), 1)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}

/** Carries what comes at one end to the other, in order. What a hanging line has swallowed is never said: it ends with it. */
function carry({ from, to }: { from: Socket; to: Socket }, pair: Pair, state: State): void {
  let waiting = 0
  let last = Promise.resolve()
  const afterOthers = (work: () => void, ms: number) => {
    if (ms === 0 && waiting === 0) return work()
    waiting += 1
    last = last
      .then(() => delay(ms))
      .then(() => {
        waiting -= 1
        work()
      })
  }
  from.setNoDelay(true)
  from.on('error', () => undefined)
  from.on('data', (chunk) => {
    afterOthers(() => void (!pair.hangs && to.writable && to.write(chunk)), Math.max(0, ...state.delaysMs))
  })
  from.on('close', () => afterOthers(() => void (!pair.hangs && to.destroy()), 0))
}
