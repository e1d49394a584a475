/**
 * A gate in front of a server: shut, it ends every connection and lets none in, as a server does that is gone; frozen, it lets all stand
 * and passes nothing on, as a server does that is stopped.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Gate = AsyncDisposable & {
  port: number
  /** Ends all connections, and refuses new ones until it is opened again. */
  shut(): Promise<void>
  open(): Promise<void>
  /** Passes nothing on until it is thawed. */
  freeze(): void
  thaw(): void
}

/** Opens a gate that leads to a port of this machine. */
export async function openGate(target: number): Promise<Gate> {
  const sockets = new Map<Socket, Socket>()
  let isFrozen = false
  const server = createServer((incoming) => {
    const outgoing = connect(target, '127.0.0.1')
    for (const [socket, other] of [[incoming, outgoing] as const, [outgoing, incoming] as const]) {
      sockets.set(socket, other)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      if (!isFrozen) socket.pipe(other)
    }
  })
  const listenAt = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listenAt(0)
  const { port } = server.address() as AddressInfo
  const shut = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets.keys()) socket.destroy()
    await closed
  }
  return {
    port,
    shut,
    open: () => listenAt(port),
    freeze() {
      isFrozen = true
      for (const socket of sockets.keys()) socket.unpipe().pause()
    },
    thaw() {
      isFrozen = false
      for (const [socket, other] of sockets) socket.pipe(other)
    },
    [Symbol.asyncDispose]: shut,
  }
}
