/** The calls of Moleculer and NestJS, measured by themselves with our payload; installed below `bench/rivals/calls/` when first asked for. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { freePort } from '#platform/data/postgres-server'
import type { ShopOptions } from '../shop-options.ts'
import { runToEnd } from './processes.ts'

const folder = `${import.meta.dirname}/calls`

export type RivalCalls = { moleculerLocalUs: number; moleculerTcpPerSecond: number; nestTcpPerSecond: number }

export async function measureRivalCalls({ seconds, progress }: ShopOptions): Promise<RivalCalls> {
  if (!existsSync(`${folder}/node_modules`)) {
    progress('Installing Moleculer and NestJS.')
    await runToEnd(['npm', 'install', '--no-package-lock'], {}, { cwd: folder })
  }
  progress('Measuring Moleculer.')
  await using local = startRival('moleculer.mjs', ['local'])
  const moleculerLocalUs = await local.said<number>()
  const [own, other] = [await freePort(undefined), await freePort(undefined)]
  await using moleculer = startRival('moleculer.mjs', ['callee', '0', `${own},${other}`])
  await moleculer.said()
  await using moleculerCaller = startRival('moleculer.mjs', ['caller', String(seconds), `${other},${own}`])
  const moleculerTcpPerSecond = await moleculerCaller.said<number>()
  await moleculerCaller[Symbol.asyncDispose]()
  await moleculer[Symbol.asyncDispose]()
  progress('Measuring NestJS.')
  const port = String(await freePort(undefined))
  await using nest = startRival('nest.mjs', ['callee', '0', port])
  await nest.said()
  await using nestCaller = startRival('nest.mjs', ['caller', String(seconds), port])
  return { moleculerLocalUs, moleculerTcpPerSecond, nestTcpPerSecond: await nestCaller.said<number>() }
}

function startRival(script: string, args: readonly string[]) {
  const child = fork(`${folder}/${script}`, args)
  const exited = once(child, 'exit')
  return {
    /** What it says next. */
    async said<Said>(): Promise<Said> {
      const ended = exited.then(() =>
        Promise.reject(new Error(`${script} ${args.join(' ')} ended before it was done.`)),
      )
      const [said] = (await Promise.race([once(child, 'message'), ended])) as [Said]
      return said
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
