/** The command line against a test hall, as its owner, or where no hall runs. */
import { createApiKey, hashApiKey } from '#platform/api-key'
import { type Config, readConfig } from '#platform/config'
import { freePort } from '#testing/cluster'
import type { TestHall } from '#testing/hall'
import { reachHall } from '../src/commands/connect-hall.ts'
import { runHall } from '../src/hall.ts'

/** A key of the hall that may do so much. */
export async function keyFor(hall: TestHall, permissions: string[]): Promise<string> {
  const key = createApiKey()
  await hall.calls.identity.createApiKey.mutate({ name: 'of the test', permissions, keyHash: hashApiKey(key) })
  return key
}

/** A key of the hall that may operate it. */
export const operatorKey = (hall: TestHall): Promise<string> => keyFor(hall, ['hall:operate'])

/** A person who looks on, and may press Ctrl-C. */
type Person = { interruption: AbortSignal; sees(text: string): void }

/** Runs a line with a key. */
export const run = (line: string[], hallKey: string, watched?: Person) =>
  runWith(line, readConfig({ DATA_DIR: '/nowhere', HALL_KEY: hallKey }), watched)

/** Runs a line where no hall runs. */
export const runAlone = async (line: string[], env: Record<string, string> = {}) =>
  runWith(line, readConfig({ DATA_DIR: '/nowhere', PORT: String(await freePort()), ...env }))

async function runWith(line: string[], config: Config, watched?: Person) {
  const out: string[] = []
  let err = ''
  const code = await runHall(line, {
    terminal: {
      out: (text) => void out.push(text),
      err: (text) => {
        err += text
        watched?.sees(text)
      },
      interactive: watched !== undefined,
      columns: 80,
    },
    config: () => config,
    interruption: () => watched?.interruption ?? new AbortController().signal,
    connect: () => Promise.reject(new Error('Nothing here is to start a hall.')),
    reach: (options) => reachHall({ ...options, config }),
  })
  return { code, out, err }
}
