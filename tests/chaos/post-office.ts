/** Carries the provider's webhooks to whichever process of the hall is open: once and in order, or not. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Chance } from '../processes/chance.ts'
import { shuffled } from './plan.ts'

export type PostOffice = AsyncDisposable & {
  url: string
  /** For so long letters are delivered twice, or all together in another order, or only after it. */
  misbehave(how: 'doubled' | 'reordered' | 'late', ms: number): Promise<void>
}

type Letter = { path: string; headers: Record<string, string>; body: Buffer }

const triesMax = 40
const pauseMs = 250
const answerMsMax = 5_000

export async function openPostOffice(address: () => string | undefined, chance: Chance): Promise<PostOffice> {
  const state = { doubling: 0, keeping: 0, kept: [] as Letter[] }
  const take = async (letter: Letter): Promise<boolean> => {
    if (state.keeping > 0) state.kept.push(letter)
    else if (state.doubling > 0) await Promise.all([letter, letter, letter].map((each) => deliver(each)))
    else return post(letter, address())
    return true
  }
  const server = createServer((request, response) => {
    read(request)
      .then(take)
      .then(
        (isTaken) => response.writeHead(isTaken ? 200 : 503).end('{}'),
        () => response.destroy(),
      )
  })
  const deliver = async (letter: Letter) => {
    for (let tries = 0; tries < triesMax && !(await post(letter, address())); tries += 1) await delay(pauseMs)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async misbehave(how, ms) {
      const name = how === 'doubled' ? 'doubling' : 'keeping'
      state[name] += 1
      await delay(ms)
      state[name] -= 1
      const letters = state.kept.splice(0)
      for (const letter of how === 'reordered' ? shuffled(letters, chance) : letters) await deliver(letter)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function read(request: IncomingMessage): Promise<Letter> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      name === 'content-type' || name.startsWith('x-') ? [[name, String(value)]] : [],
    ),
  )
  return { path: request.url ?? '/', headers, body: Buffer.concat(chunks) }
}

/** Whether it was taken in. */
async function post({ path, headers, body }: Letter, to: string | undefined): Promise<boolean> {
  if (to === undefined) return false
  try {
    const signal = AbortSignal.timeout(answerMsMax)
    const answer = await fetch(`${to}${path}`, { method: 'POST', headers, body, signal })
    await answer.arrayBuffer()
    return answer.ok
  } catch {
    return false
  }
}
