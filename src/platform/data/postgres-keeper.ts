/**
 * Looks after a server that was started for its users: where it died under them, such as for want of the machine's memory,
 * it is started again. So a hall that brings its own database recovers without a restart, as with any other.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../log.ts'

const CHECK_MS = 1_000
const RETRY_MS = 10_000

type KeeperOptions = {
  isRunning(): boolean
  /** Also called where another user was faster: it finds that server then. */
  startAgain(): Promise<void>
  log: Log | undefined
}

export type Keeper = {
  /** Afterwards nothing is started any more. */
  stop(): Promise<void>
}

export function keepRunning({ isRunning, startAgain, log }: KeeperOptions): Keeper {
  const stopping = new AbortController()
  const { signal } = stopping
  const look = async () => {
    for (let waitMs = CHECK_MS; await hasPassed(waitMs, signal);) {
      waitMs = CHECK_MS
      if (isRunning()) continue
      log?.warn('the embedded PostgreSQL ended by itself and is started again')
      try {
        await startAgain()
      } catch (err) {
        waitMs = RETRY_MS
        log?.error({ err }, 'the embedded PostgreSQL could not be started again; it is tried until it can')
      }
    }
  }
  const looking = look()
  return {
    async stop() {
      stopping.abort()
      await looking
    },
  }
}

/** False once there is nothing to wait for any more. Keeps no process alive. */
const hasPassed = (waitMs: number, signal: AbortSignal): Promise<boolean> =>
  pause(waitMs, true, { signal, ref: false }).catch(() => false)
