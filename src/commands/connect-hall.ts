import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '#platform/config'
import { CommandError } from './command-error.ts'
import { findHall, findRunningHall } from './find-hall.ts'
import { createHallCalls, type HallCalls } from './hall-calls.ts'
import { repeatCall } from './repeat-call.ts'
import type { Terminal } from './terminal.ts'
import type { ConnectOptions, HallConnection, ReachOptions } from './tool.ts'
import { createHttpHallClient } from './trade/http-hall-client.ts'

/** A hall that restarts is waited for this long. */
const PATIENCE_MS = 60_000
/** Where in `DATA_DIR` the first start keeps the owner's key. */
const OWNER_KEY_FILE = 'owner.key'

/** Finds or starts a hall and signs in, with `HALL_KEY` or the owner's key in `DATA_DIR`. Throws `CommandError`. */
export async function connectHall(
  options: ConnectOptions & { config: Config; terminal: Terminal },
): Promise<HallConnection> {
  const { config, url, signal, terminal } = options
  const hall = await findHall(url, config, terminal.err)
  try {
    const calls = createHallCalls(hall.url, await readKey(config))
    const repetition = { patienceMs: PATIENCE_MS, ...(signal !== undefined && { signal }) }
    return {
      trade: createHttpHallClient(calls, repetition),
      audit: { verify: () => repeatCall(() => calls.audit.verify.query({}), repetition) },
      [Symbol.asyncDispose]: () => hall[Symbol.asyncDispose](),
    }
  } catch (error) {
    await hall[Symbol.asyncDispose]()
    throw error
  }
}

/** Finds a hall that runs, and signs in where the owner is to ask. Throws `CommandError`. */
export async function reachHall({ url, as, config }: ReachOptions & { config: Config }): Promise<HallCalls> {
  const found = await findRunningHall(url, config)
  return createHallCalls(found, as === 'owner' ? await readKey(config) : undefined)
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
