/** Reading a request's body, bounded. */
import type { IncomingMessage } from 'node:http'
import { DomainError } from '../errors.ts'

const tooLarge = (bytesMax: number) =>
  new DomainError(
    'platform.payload_too_large',
    'PAYLOAD_TOO_LARGE',
    `The body is larger than ${bytesMax} bytes. Send it in parts.`,
  )

/** The body as text. Throws `platform.payload_too_large` without keeping what is too much. */
export const readBody = async (request: IncomingMessage, bytesMax: number): Promise<string> =>
  (await readBytes(request, bytesMax)).toString('utf8')

/** The body as it came. Throws like `readBody`. */
export function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bytesMax) chunks.push(chunk)
      else {
        chunks.length = 0
        // The rest is read and dropped, so that the client gets to see the answer.
        reject(tooLarge(bytesMax))
      }
    })
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => {
      // As a rule all has come, and an error costs more than reading the body did.
      if (!request.complete) reject(new Error('The client hung up.'))
    })
  })
}
