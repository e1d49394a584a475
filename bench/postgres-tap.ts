/**
 * Counts what a hall asks of PostgreSQL, by listening on the wire: statements, transactions, and round trips.
 *
 * The database's own counters cannot tell round trips, need a library preloaded, and are reported late. So the hall is
 * given the address of this tap, which hands every byte on as it is.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Counts = {
  /** Statements, BEGIN, COMMIT and ROLLBACK not counted. */
  statements: number
  /** Explicit ones, and statements outside of one, which are a transaction each. */
  transactions: number
  /** How often a connection waited for an answer before it sent on. */
  roundTrips: number
  /** Statements by their prepared name, or the beginning of their text. */
  byName: Map<string, number>
}

export type PostgresTap = AsyncDisposable & {
  /** The database's address through the tap. */
  url: string
  /** Begins to count anew, and returns what was counted so far. */
  take(): Counts
}

const newCounts = (): Counts => ({ statements: 0, transactions: 0, roundTrips: 0, byName: new Map() })

/** Opens a tap in front of the database at `databaseUrl`. */
export async function openPostgresTap(databaseUrl: string): Promise<PostgresTap> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let counts = newCounts()
  const server = createServer((client) => {
    const database = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
    client.setNoDelay(true)
    const conversation = new Conversation(() => counts)
    const fromClient = splitter(true, (type, body) => conversation.asked(type, body))
    const fromDatabase = splitter(false, (type, body) => conversation.answered(type, body))
    relay(client, database, fromClient)
    relay(database, client, fromDatabase)
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    take() {
      const taken = counts
      counts = newCounts()
      return taken
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function relay(from: Socket, to: Socket, heard: (chunk: Buffer) => void): void {
  from.on('data', (chunk: Buffer) => {
    heard(chunk)
    to.write(chunk)
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

/** Cuts a stream into PostgreSQL's messages: a type, a length, a body; a client's first has no type. */
function splitter(startsUntyped: boolean, onMessage: (type: string, body: Buffer) => void) {
  let rest: Buffer = Buffer.alloc(0)
  let head = startsUntyped ? 0 : 1
  return (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= head + 4) {
      const end = head + rest.readInt32BE(head)
      if (rest.length < end) return
      onMessage(head === 0 ? 'start' : String.fromCharCode(rest[0]!), rest.subarray(head + 4, end))
      rest = rest.subarray(end)
      head = 1
    }
  }
}

const BOUNDARY = /^\s*(begin|commit|rollback|start transaction)\b/i
const NAME_LENGTH_MAX = 90

/** What is known of one connection. */
class Conversation {
  readonly #counts: () => Counts
  readonly #texts = new Map<string, string>()
  #bound = ''
  #unanswered = 0
  #asksSinceIdle = 0

  constructor(counts: () => Counts) {
    this.#counts = counts
  }

  asked(type: string, body: Buffer): void {
    if (type === 'P') {
      const [name, text] = strings(body, 2)
      this.#texts.set(name!, text!)
    } else if (type === 'B') {
      this.#bound = strings(body, 2)[1]!
    } else if (type === 'E') {
      this.#executed(this.#bound, this.#texts.get(this.#bound) ?? '')
    } else if (type === 'Q') {
      this.#executed('', strings(body, 1)[0]!)
      this.#sent()
    } else if (type === 'S') {
      this.#sent()
    }
  }

  answered(type: string, body: Buffer): void {
    if (type !== 'Z') return
    this.#unanswered = Math.max(0, this.#unanswered - 1)
    // 'I': not in a transaction. The first one only ends the log-in.
    if (body.toString('latin1') !== 'I' || this.#asksSinceIdle === 0) return
    this.#counts().transactions += 1
    this.#asksSinceIdle = 0
  }

  #sent(): void {
    if (this.#unanswered === 0) this.#counts().roundTrips += 1
    this.#unanswered += 1
  }

  #executed(name: string, text: string): void {
    this.#asksSinceIdle += 1
    if (BOUNDARY.test(text)) return
    const counts = this.#counts()
    const shown = name === '' ? text.replaceAll(/\s+/g, ' ').trim().slice(0, NAME_LENGTH_MAX) : name
    counts.statements += 1
    counts.byName.set(shown, (counts.byName.get(shown) ?? 0) + 1)
  }
}

/** The first `count` zero-ended strings of a message. */
function strings(body: Buffer, count: number): string[] {
  const found: string[] = []
  let start = 0
  while (found.length < count) {
    const end = body.indexOf(0, start)
    found.push(body.toString('utf8', start, end))
    start = end + 1
  }
  return found
}
