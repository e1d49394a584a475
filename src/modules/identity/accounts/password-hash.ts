/**
 * Passwords, kept as argon2id in PHC strings (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`), hashed off the event loop.
 *
 * The salt is a MAC of the e-mail under a secret of the hall: its own for each account and unknown outside, as a random one
 * would be, and the same for two registrations of one person at the same moment, so that both are answered the same.
 */
import { argon2, createHmac, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

type Cost = { memory: number; passes: number; parallelism: number }

/** OWASP's advice of 2023 for argon2id: 19 MiB, two passes, one lane. */
const costNow: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const tagLength = 32

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

export type PasswordHashing = {
  /** The PHC string of a password. */
  hash(credentials: { email: string; password: string }): Promise<string>
  /** Whether the password is the one of the PHC string. */
  matches(password: string, known: string): Promise<boolean>
  /** Whether the PHC string was made at a lower cost than we ask for now. */
  isWeak(known: string): boolean
}

/** Throws where this Node.js has no argon2: nobody could log in. */
export function createPasswordHashing({ secret, cost = costNow }: { secret: string; cost?: Cost }): PasswordHashing {
  if (typeof argon2 !== 'function') {
    throw new Error(`Node.js ${process.version} has no argon2: start by npm, which runs the project's own Node.js 24.`)
  }
  const derive = promisify(argon2)
  const saltOf = (email: string): Buffer => createHmac('sha256', secret).update(email).digest().subarray(0, 16)
  return {
    async hash({ email, password }) {
      const nonce = saltOf(email)
      const tag = await derive('argon2id', { ...cost, message: password, nonce, tagLength })
      const { memory, passes, parallelism } = cost
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`
    },
    async matches(password, known) {
      const { cost: ofKnown, nonce, tag } = parse(known)
      const found = await derive('argon2id', { ...ofKnown, message: password, nonce, tagLength: tag.length })
      return timingSafeEqual(found, tag)
    },
    isWeak(known) {
      const { memory, passes } = parse(known).cost
      return memory < cost.memory || passes < cost.passes
    },
  }
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

function parse(known: string): { cost: Cost; nonce: Buffer; tag: Buffer } {
  const [, memory, passes, parallelism, nonce, tag] = phc.exec(known) ?? []
  if (nonce === undefined || tag === undefined) throw new Error('A stored password hash is no argon2id PHC string.')
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}
