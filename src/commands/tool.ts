import type { Config } from '#platform/config'
import type { HallClient } from './trade/hall-client.ts'
import type { AuditClient } from './audit-client.ts'
import type { HallCalls } from './hall-calls.ts'
import type { Terminal } from './terminal.ts'

export type ConnectOptions = {
  /** The address that the person gave; without it the hall of this machine, started if none runs. */
  url?: string
  /** Aborted when the person presses Ctrl-C. */
  signal?: AbortSignal
}

/** A hall that answers; disposing of it stops the hall if it was started for this command. */
export type HallConnection = AsyncDisposable & { trade: HallClient; audit: AuditClient }

/** How a command comes to a hall that runs: which one, and whether with the owner's key. */
export type ReachOptions = { url?: string; as: 'guest' | 'owner' }

/** What a command may use of the world. */
export type Tool = {
  terminal: Terminal
  /** Read when it is first needed, so that help is there even with a bad configuration. */
  config: () => Config
  connect: (options: ConnectOptions) => Promise<HallConnection>
  /** The operations of a hall that runs; none is started. */
  reach: (options: ReachOptions) => Promise<HallCalls>
  /** Hands out a signal that Ctrl-C aborts; a second Ctrl-C ends the process at once. */
  interruption: () => AbortSignal
  /** Sets the code with which the tool ends: 0 done, 1 failed, 2 wrongly used, 130 interrupted. */
  exitWith: (code: number) => void
}
