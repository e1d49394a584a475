/** Several children as one: started in waves, each once the one before it is ready, and ended in the reverse. */
import type { Child } from './child.ts'

export type Supervisor = {
  /** Starts them all, and is through when they are ready, or closed. Throws where one cannot be started. */
  open(): Promise<void>
  /** Ends them all, those that others need last. Repeating it is harmless. */
  close(): Promise<void>
  /** Ends them all at once, without waiting. */
  kill(): void
}

export function superviseInWaves(waves: readonly (readonly Child[])[]): Supervisor {
  const children = waves.flat()
  let closing: Promise<void> | undefined
  const endAll = async () => {
    for (const wave of waves.toReversed()) await Promise.all(wave.map((child) => child.stop()))
  }
  return {
    async open() {
      for (const wave of waves) {
        const starting = wave.map((child) =>
          child.start().catch((error: Error) => {
            throw new Error(`${child.planned.name} cannot be started. ${error.message}`, { cause: error })
          }),
        )
        await Promise.all(starting)
        if (closing !== undefined) return
      }
    },
    close: () => (closing ??= endAll()),
    kill: () => children.forEach((child) => child.kill()),
  }
}
