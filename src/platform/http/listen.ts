/** Listening, and stopping without cutting anybody off. */
import type { Server, ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'

export type Listening = {
  url: string
  port: number
  /** Accepts nothing new, answers what was accepted, and cuts what takes longer than `graceMs`. */
  close(graceMs: number): Promise<void>
}

export type ListenOptions = {
  host: string
  port: number
  /** How long connections that are kept open may still ask something once closing has begun, in milliseconds. */
  lingerMs?: number | undefined
  /** What somebody does whose port is taken, besides stopping what uses it; by default, choose another with the setting. */
  otherwise?: string
  /** The settings that say where to listen. */
  settings?: { host: string; port: string }
}

/** Listens on an address; port 0 picks a free one. Throws a sentence that says what to do where the port is taken. */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  const { host, port, lingerMs = 0 } = options
  const unused = unusedConnections(server)
  const answering = new Set<ServerResponse>()
  let isClosing = false
  let lingers = true
  // Before whoever answers, who may do so at once.
  server.prependListener('request', (_request, response) => {
    if (isClosing) response.setHeader('connection', 'close')
    answering.add(response)
    response.once('close', () => {
      answering.delete(response)
      // An answer whose head was on its way already could not say that its connection ends.
      if (!lingers) setImmediate(() => server.closeIdleConnections())
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, options)))
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shown}:${address.port}`,
    port: address.port,
    async close(graceMs) {
      isClosing = true
      // A client that is told so does not ask again on its connection, where nobody would hear it.
      for (const response of answering) if (!response.headersSent) response.setHeader('connection', 'close')
      const closed = new Promise<void>((resolve) => stopAccepting(server, resolve))
      for (const socket of unused) socket.destroy()
      const impatient = setTimeout(() => server.closeAllConnections(), graceMs)
      // What was sent before the client could know that we close is in the air: it is read and answered too.
      const patient = setTimeout(() => {
        lingers = false
        server.closeIdleConnections()
      }, lingerMs)
      await closed
      clearTimeout(impatient)
      clearTimeout(patient)
      // Ends Node's own timer for requests that do not come to their end.
      server.close()
    },
  }
}

/** Stops listening without touching connections; an HTTP server's own `close` cuts those that are idle at this moment. */
function stopAccepting(server: Server, onClosed: () => void): void {
  NetServer.prototype.close.call(server, () => onClosed())
}

/** Connections that have asked nothing yet: browsers and pools open them in advance, and Node does not count them as idle. */
function unusedConnections(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>()
  server.on('connection', (socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return unused
}

/** The port of an address, also where it is the one that its scheme implies. */
export function portOf(address: string | URL): number {
  const { port, protocol } = new URL(address)
  return Number(port || (protocol === 'https:' ? 443 : 80))
}

/** Whether `listen` threw because somebody else listens there. */
export const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'

/** Why nobody can listen there, as a sentence that says what to do; any other error as it is. */
function explained(error: NodeJS.ErrnoException, options: ListenOptions): Error {
  const { host, port, settings = { host: 'HOST', port: 'PORT' } } = options
  const { otherwise = `choose another with ${settings.port} (0 picks a free one)` } = options
  const correct = `Correct ${settings.host}, or remove it to use 127.0.0.1.`
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken. Stop what uses it, or ${otherwise}.`,
    EACCES: `This user may not listen on port ${port}. Choose one from 1024 on with ${settings.port}.`,
    EADDRNOTAVAIL: `${host} is no address of this machine. ${correct}`,
    ENOTFOUND: `There is no host ${host}. ${correct}`,
  }
  const sentence = sentences[error.code ?? '']
  return sentence === undefined ? error : new Error(sentence, { cause: error })
}
