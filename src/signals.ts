/** Stopping gracefully: the first signal drains and closes, the second does not wait. */
import type { Log } from '#platform/log'

/** Watches for SIGINT and SIGTERM from now on; whatever is opened by then, or later, is closed. */
export function closeOnSignals(log: Log): { closes(opened: { close(): Promise<void> }): void } {
  let opened: { close(): Promise<void> } | undefined
  let isClosing = false
  const close = () => {
    if (!opened) return
    opened.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'closing failed')
        process.exit(1)
      },
    )
  }
  const onSignal = (signal: NodeJS.Signals) => {
    if (isClosing) process.exit(130)
    isClosing = true
    log.info({ signal }, 'closing')
    close()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    closes(what) {
      opened = what
      if (isClosing) close()
    },
  }
}
