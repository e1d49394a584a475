/** What a module's assembly is given by the process that hosts it. */
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

export type AssemblyDeps = {
  config: Config
  log: Log
  /** A secret of this hall for a purpose, the same in all its processes: derived, so that none has to be kept. */
  secretFor(purpose: string): string
}
