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

export type FarFigures = { perSecond: number; loneP50Us: number }

const program = fileURLToPath(new URL('../calls-process.ts', import.meta.url))
const WARM_UP_SECONDS = 2
const LONE_CALLS = 3_000

/** Ours, with all that a call carries. `logLevel` is that of both processes. */
export async function measureHall(logLevel: string, options: ShopOptions): Promise<FarFigures> {
  await using callee = await startCallee('hall', logLevel)
  const far = createFarClient({
    secret: 'the secret of the calls benchmark',
    self: { process: 'shop', modules: ['shop'], gateway: false },
    log: createLog({ level: logLevel }),
  })
  const addresses = { list: [callee.url], since: 0 }
  const callsFor = stallClient(
    dispatchWith({ locate: () => ({ addresses }) }, far, new Traffic(new Date().toISOString())),
  )
  try {
    return await measure(() => callsFor(contextOf()).stall.price.query(order), options)
  } finally {
    await far.close()
  }
}

/** Bare node:http and undici, a request per call. */
export async function measureRaw(options: ShopOptions): Promise<FarFigures> {
  await using callee = await startCallee('raw', 'silent')
  const pool = new Pool(callee.url, { connections: SIDE_BY_SIDE, pipelining: 1 })
  const call = async () => {
    const { body } = await pool.request({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    })
    return JSON.parse(await body.text()) as unknown
  }
  try {
    return await measure(call, options)
  } finally {
    await pool.close()
  }
}

async function measure(call: () => Promise<unknown>, { seconds, signal }: ShopOptions): Promise<FarFigures> {
  const work = async () => {
    await call()
    return 0
  }
  await runLoad({ customers: SIDE_BY_SIDE, seconds: WARM_UP_SECONDS, signal, work })
  const { perSecond } = await runLoad({ customers: SIDE_BY_SIDE, seconds, signal, work })
  const lone: number[] = []
  for (let turn = 0; turn < LONE_CALLS; turn += 1) {
    const begun = performance.now()
    await call()
    lone.push((performance.now() - begun) * 1000)
  }
  return { perSecond, loneP50Us: percentile(lone, 0.5) }
}

async function startCallee(kind: 'hall' | 'raw', logLevel: string) {
  const child = fork(program, [kind, logLevel])
  const exited = once(child, 'exit')
  const [url] = (await Promise.race([once(child, 'message'), exited.then(() => [undefined])])) as [string | undefined]
  if (url === undefined) throw new Error(`The callee (${kind}) ended before it listened.`)
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await exited
    },
  }
}
