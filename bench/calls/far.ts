/** Calls between two processes: how many per second with many under way, and how long a lone one takes. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { dispatchWith } from '#platform/calls/clients'
import { Traffic } from '#platform/calls/traffic'
import { createFarClient } from '#platform/far/far-client'
import { createLog } from '#platform/log'
import { Pool } from 'undici'
import { percentile, runLoad } from '../load.ts'
import type { ShopOptions } from '../shop-options.ts'
import { contextOf, SIDE_BY_SIDE, stallClient } from './local.ts'
import { order } from './order.ts'

const program = fileURLToPath(new URL('../calls-process.ts', import.meta.url))
const WARM_UP_SECONDS = 2
const LONE_BLOCKS = 40
const LONE_CALLS_IN_BLOCK = 100

/** A way to call another process, and that process. */
export type Way = AsyncDisposable & { call(): Promise<unknown> }

/** Ours, with all that a call carries. `logLevel` is that of both processes. */
export async function openHall(logLevel: string): Promise<Way> {
  const callee = await startCallee('hall', logLevel)
  const far = createFarClient({
    secret: 'the secret of the calls benchmark',
    self: { process: 'shop', modules: ['shop'], gateway: false },
    log: createLog({ level: logLevel }),
  })
  const addresses = { list: [callee.url], since: 0 }
  const callsFor = stallClient(
    dispatchWith({ locate: () => ({ addresses }) }, far, new Traffic(new Date().toISOString())),
  )
  return {
    call: () => callsFor(contextOf()).stall.price.query(order),
    async [Symbol.asyncDispose]() {
      await far.close()
      await callee.end()
    },
  }
}

/** Bare node:http and undici, a request per call. */
export async function openRaw(): Promise<Way> {
  const callee = await startCallee('raw', 'silent')
  const pool = new Pool(callee.url, { connections: SIDE_BY_SIDE, pipelining: 1 })
  return {
    async call() {
      const { body } = await pool.request({
        method: 'POST',
        path: '/',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
      })
      return JSON.parse(await body.text()) as unknown
    },
    async [Symbol.asyncDispose]() {
      await pool.close()
      await callee.end()
    },
  }
}

/** Calls per second, many under way. */
export async function manyPerSecond({ call }: Way, { seconds, signal }: ShopOptions): Promise<number> {
  const work = async () => {
    await call()
    return 0
  }
  await runLoad({ customers: SIDE_BY_SIDE, seconds: WARM_UP_SECONDS, signal, work })
  const { perSecond } = await runLoad({ customers: SIDE_BY_SIDE, seconds, signal, work })
  return perSecond
}

/**
 * How long a lone call takes on each of these ways, half of them within, in microseconds. The ways take turns: a machine that is
 * shared with others is twice as fast in one second as in the next.
 */
export async function loneP50s(ways: readonly Way[], { signal }: ShopOptions): Promise<number[]> {
  const took: number[][] = ways.map(() => [])
  for (let block = 0; block < LONE_BLOCKS; block += 1) {
    for (const [index, { call }] of ways.entries()) {
      signal.throwIfAborted()
      for (let turn = 0; turn < LONE_CALLS_IN_BLOCK; turn += 1) {
        const begun = performance.now()
        await call()
        took[index]!.push((performance.now() - begun) * 1000)
      }
    }
  }
  return took.map((each) => percentile(each, 0.5))
}

async function startCallee(kind: 'hall' | 'raw', logLevel: string) {
  const child = fork(program, [kind, logLevel])
  const exited = once(child, 'exit')
  const [url] = (await Promise.race([once(child, 'message'), exited.then(() => [undefined])])) as [string | undefined]
  if (url === undefined) throw new Error(`The callee (${kind}) ended before it listened.`)
  return {
    url,
    async end() {
      child.disconnect()
      await exited
    },
  }
}
