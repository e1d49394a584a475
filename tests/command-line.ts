/** The command line against a test hall, as its owner. */
import { createApiKey, hashApiKey } from '#platform/api-key'
import { readConfig } from '#platform/config'
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
export async function run(line: string[], hallKey: string, watched?: Person) {
  const out: string[] = []
  let err = ''
  const config = () => readConfig({ DATA_DIR: '/nowhere', HALL_KEY: hallKey })
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
    config,
    interruption: () => watched?.interruption ?? new AbortController().signal,
    connect: () => Promise.reject(new Error('Nothing here is to start a hall.')),
    reach: (options) => reachHall({ ...options, config: config() }),
  })
  return { code, out, err }
}
