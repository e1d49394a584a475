import { once } from 'node:events'
import { request } from 'node:http'

/** A request of which the hall has the head, and waits for the body. */
export async function beginToCreateCart(url: string): Promise<{ finish(): Promise<number> }> {
  const body = JSON.stringify({ currency: 'GBP' })
  const headers = { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' }
  const begun = request(`${url}/trpc/checkout.createCart`, { method: 'POST', headers })
  // Whoever finishes it is told of what became of it.
  begun.on('error', () => undefined)
  begun.flushHeaders()
  await once(begun, 'continue')
  return {
    async finish() {
      begun.end(body)
      const [answer] = (await once(begun, 'response')) as [{ statusCode: number; resume(): void }]
      answer.resume()
      return answer.statusCode
    },
  }
}
