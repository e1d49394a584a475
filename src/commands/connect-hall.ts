import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTRPCClient, httpLink } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import type { Config } from '#platform/config'
import type { AuditVerdict } from './audit-client.ts'
import { CommandError } from './command-error.ts'
import { findHall } from './find-hall.ts'
import { repeatCall } from './repeat-call.ts'
import type { Terminal } from './terminal.ts'
import type { ConnectOptions, HallConnection } from './tool.ts'
import { createHttpHallClient } from './trade/http-hall-client.ts'
import type { TradeCalls } from './trade/trade-calls.ts'

/** One call may take this long before it is repeated; a hall that went silent is noticed by it. */
const CALL_MS_MAX = 30_000
/** A hall that restarts is waited for this long. */
const PATIENCE_MS = 60_000
/** Where the first start keeps the owner's key. */
const OWNER_KEY_FILE = 'owner.key'

type HallCalls = TradeCalls & { audit: { verify: { query: () => Promise<AuditVerdict> } } }

/** Finds or starts a hall and signs in, with `HALL_KEY` or the owner's key in `DATA_DIR`. Throws `CommandError`. */
export async function connectHall(
  options: ConnectOptions & { config: Config; terminal: Terminal },
): Promise<HallConnection> {
  const { config, url, signal, terminal } = options
  const hall = await findHall(url, config, terminal.err)
  try {
    const calls = callsOf(hall.url, await readKey(config))
    const repetition = { patienceMs: PATIENCE_MS, ...(signal !== undefined && { signal }) }
    return {
      trade: createHttpHallClient(calls, repetition),
      audit: { verify: () => repeatCall(() => calls.audit.verify.query(), repetition) },
      [Symbol.asyncDispose]: () => hall[Symbol.asyncDispose](),
    }
  } catch (error) {
    await hall[Symbol.asyncDispose]()
    throw error
  }
}

/** A stock tRPC client. A mutation's idempotency key travels as a header. */
function callsOf(url: string, key: string): HallCalls {
  const client = createTRPCClient<AnyRouter>({
    links: [
      httpLink({
        url: `${url}/trpc`,
        headers: ({ op }) => ({
          authorization: `Bearer ${key}`,
          ...(typeof op.context['idempotencyKey'] === 'string' && { 'idempotency-key': op.context['idempotencyKey'] }),
        }),
        fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(CALL_MS_MAX) }),
      }),
    ],
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- HallCalls names the few operations that are used
  return client as unknown as HallCalls
}

async function readKey({ hallKey, dataDir }: Config): Promise<string> {
  if (hallKey !== undefined) return hallKey
  const path = join(dataDir, OWNER_KEY_FILE)
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    throw new CommandError(
      `There is no key to sign in with: set HALL_KEY, or DATA_DIR to the hall's folder (looked for ${path}).`,
    )
  }
}
