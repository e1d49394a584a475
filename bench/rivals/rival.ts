/** What a rival must be able to do to be measured beside us. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Pool } from 'undici'
import type { Timed } from '../load.ts'
import type { RivalProcess } from './processes.ts'

export type Shopper = {
  /** A page of 20 products, each turn another one. */
  list(turn: number): Promise<unknown>
  /** One product with its variants and prices. */
  get(turn: number): Promise<unknown>
  search(turn: number): Promise<unknown>
  /** A purchase, placed and paid; `timed` is given each of its requests. */
  buy(turn: number, timed: Timed): Promise<void>
}

export type Rival = {
  name: string
  /** Where its package.json lies. */
  folder: string
  requestsPerCheckout: number
  /** Starts it on a database, which it fills unless that was done before. */
  start(on: {
    databaseUrl: string
    port: number
    isFilled: boolean
  }): Promise<{ url: string; processes: RivalProcess[] }>
  shopper(pool: Pool): Promise<Shopper>
}

/** Sends a request and reads its JSON. Throws what was answered where that is no success. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever asks knows what is answered
export async function jsonOf<Body>(
  pool: Pool,
  request: Parameters<Pool['request']>[0],
): Promise<{ body: Body; headers: IncomingHttpHeaders }> {
  const { statusCode, headers, body } = await pool.request(request)
  const text = await body.text()
  if (statusCode >= 300) throw new Error(`${request.path} answered ${statusCode}: ${text.slice(0, 1000)}`)
  return { body: JSON.parse(text) as Body, headers }
}
