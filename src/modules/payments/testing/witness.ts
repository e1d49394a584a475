/** Stands between payments and its provider: remembers what was asked, in order, and loses or keeps what a test says. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Fate =
  | 'passes'
  /** It reaches the provider, and the connection is cut before its answer. */
  | 'loses its answer'
  /** It reaches the provider, and its answer comes with `deliver`. */
  | 'is held'
  /** The connection is cut, and it arrives with `deliver`. */
  | 'is late'
  /** Somebody on the way answers, and the provider hears nothing. */
  | { status: number; body: string }

export type Witness = AsyncDisposable & {
  url: string
  /** The provider. */
  target: string
  /** The keys of all submissions, in order, whatever became of them. */
  asked: string[]
  /** What becomes of the next submissions, one after the other, and then of the rest. */
  next: Fate[]
  rest: Fate
  /** Lets what was late arrive, and what was held be answered. */
  deliver(): Promise<void>
}

/** Opens a witness that leads nowhere yet: whoever asks is cut off. */
export async function openWitness(): Promise<Witness> {
  const late: (() => Promise<unknown>)[] = []
  const server = createServer((request, response) => void carry(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const witness: Witness = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    asked: [],
    next: [],
    rest: 'passes',
    async deliver() {
      for (const each of late.splice(0)) await each()
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }

  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '' } = request
    const body = await text(request)
    const key = /^\/v1\/attempts\/([^/?]+)$/.exec(url)?.[1]
    const isSubmission = method === 'PUT' && key !== undefined
    if (isSubmission) witness.asked.push(decodeURIComponent(key))
    const fate = isSubmission ? (witness.next.shift() ?? witness.rest) : 'passes'
    const forward = () => fetch(witness.target + url, { method, ...(method === 'PUT' && { body }) })
    if (typeof fate === 'object') return void response.writeHead(fate.status).end(fate.body)
    if (fate === 'is late') late.push(forward)
    else if (witness.target !== '') {
      const answer = await forward()
      const said = await answer.text()
      const pass = () => response.writeHead(answer.status).end(said)
      if (fate === 'passes') return void pass()
      if (fate === 'is held') return void late.push(() => Promise.resolve(pass()))
    }
    response.destroy()
  }
  return witness
}
