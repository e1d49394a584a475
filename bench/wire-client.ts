/**
 * The requests of a stock tRPC client (`httpLink`), byte for byte on the wire, without that client's own cost: the load
 * must not be what is measured.
 */
import { Pool } from 'undici'

export type WireClient = AsyncDisposable & {
  query<Answer>(path: string, input: unknown): Promise<Answer>
  mutate<Answer>(path: string, input: unknown, options?: { key?: string }): Promise<Answer>
}

/** Opens `connections` keep-alive connections; each carries one request at a time. */
export function createWireClient(
  url: string,
  { connections, apiKey }: { connections: number; apiKey?: string },
): WireClient {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const common = { accept: '*/*', ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }) }
  const answerOf = async <Answer>(request: Parameters<typeof pool.request>[0]): Promise<Answer> => {
    const response = await pool.request(request)
    const text = await response.body.text()
    if (response.statusCode !== 200)
      throw new Error(`${request.path.slice(0, 100)} answered ${response.statusCode}: ${text}`)
    return (JSON.parse(text) as { result: { data: Answer } }).result.data
  }
  return {
    query: (path, input) =>
      answerOf({
        method: 'GET',
        path: `/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`,
        headers: common,
      }),
    mutate: (path, input, { key } = {}) =>
      answerOf({
        method: 'POST',
        path: `/trpc/${path}`,
        headers: {
          ...common,
          'content-type': 'application/json',
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        body: JSON.stringify(input),
      }),
    [Symbol.asyncDispose]: () => pool.close(),
  }
}
