/** Listening, and stopping without cutting anybody off. */
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type Listening = { url: string; port: number; close(graceMs: number): Promise<void> }

/** Listens on an address; port 0 picks a free one. Throws a sentence that says what to do where the port is taken. */
export async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<Listening> {
  const unused = unusedConnections(server)
  let isClosing = false
  // Whoever is answered while the server closes would keep the connection for a next request.
  server.on('request', (_request, response) => {
    response.once('close', () => isClosing && setImmediate(() => server.closeIdleConnections()))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        taken
          ? new Error(`Port ${port} is taken. Stop what uses it, or choose another with PORT (0 picks a free one).`)
          : error,
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shown}:${address.port}`,
    port: address.port,
    async close(graceMs) {
      isClosing = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      for (const socket of unused) socket.destroy()
      const impatient = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(impatient)
    },
  }
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
