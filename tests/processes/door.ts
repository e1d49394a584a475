/**
 * A door in front of a hall: clients keep one address while the hall behind it is killed and started again, and a test
 * learns how far the trade has come, by the answers that went through.
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type Door = AsyncDisposable & {
  url: string
  /** How many good answers (200) the hall has given. */
  readonly answers: number
  /** Leads to a hall from now on, or nowhere: then whoever waits for an answer, or comes, is cut off. */
  leadTo(url: string | undefined): void
  /** Until the hall has given `count` good answers. */
  reached(count: number): Promise<void>
  /** The client never gets the good answer of this number. */
  lose(number: number): void
}

export async function openDoor(): Promise<Door> {
  const state = { target: undefined as string | undefined, answers: 0 }
  const lost = new Set<number>()
  const agent = new Agent({ keepAlive: true })
  const clients = new Set<Socket>()
  let arrived = Promise.withResolvers<void>()
  const heed = (answer: IncomingMessage): boolean => {
    if (answer.statusCode !== 200) return true
    state.answers += 1
    arrived.resolve()
    arrived = Promise.withResolvers()
    return !lost.has(state.answers)
  }
  const server = createServer((incoming, outgoing) => {
    if (state.target === undefined) incoming.socket.destroy()
    else pass(incoming, outgoing, { target: state.target, agent, heed })
  })
  server.on('connection', (socket) => {
    clients.add(socket)
    socket.once('close', () => clients.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answers() {
      return state.answers
    },
    leadTo(url) {
      state.target = url
      if (url === undefined) for (const socket of clients) socket.destroy()
    },
    async reached(count) {
      while (state.answers < count) await arrived.promise
    },
    lose: (number) => void lost.add(number),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

type Passing = { target: string; agent: Agent; heed: (answer: IncomingMessage) => boolean }

function pass(incoming: IncomingMessage, outgoing: ServerResponse, { target, agent, heed }: Passing): void {
  const { method, headers } = incoming
  const onward = request(`${target}${incoming.url}`, { method, headers, agent }, (answer) => {
    answer.on('error', () => incoming.socket.destroy())
    if (!heed(answer)) {
      incoming.socket.destroy()
      answer.resume()
      return
    }
    outgoing.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(outgoing)
  })
  onward.on('error', () => incoming.socket.destroy())
  incoming.pipe(onward)
}
