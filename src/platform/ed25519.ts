import { createPrivateKey, hash, type KeyObject } from 'node:crypto'

/** The Ed25519 key that follows from a secret. RFC 8410: the 32 bytes of its seed, in the envelope that Node.js reads. */
export const ed25519KeyOf = (secret: string): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), hash('sha256', secret, 'buffer')]),
    format: 'der',
    type: 'pkcs8',
  })
