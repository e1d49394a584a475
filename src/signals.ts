/**
 * Stopping gracefully: the first signal drains and closes, the second does not wait.
 *
 * npm starts programs through a shell, which a signal to npm ends without a word to the program: `kill` of an `npm start`
 * would leave the hall running. So a program that npm started also closes when its parent is gone. One that was started
 * with a channel to its parent (by `hall up`) closes when that ends, however the parent did.
 */
import type { Log } from '#platform/log'

const parentCheckMs = 500
/** Longer than any request may take. What hangs then (a queue server that is gone) would hang for ever. */
const closeMsMax = 40_000

/** Watches for SIGINT and SIGTERM from now on; whatever is opened by then, or later, is closed. */
export function closeOnSignals(
  log: Log,
  options: { isRunByNpm: boolean },
): { closes(opened: { close(): Promise<void> }): void } {
  let opened: { close(): Promise<void> } | undefined
  let isClosing = false
  const close = () => {
    if (!opened) return
    setTimeout(() => {
      log.error({ afterMs: closeMsMax }, 'closing did not come to an end: ending without it')
      process.exit(1)
    }, closeMsMax).unref()
    opened.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'closing failed')
        process.exit(1)
      },
    )
  }
  const begin = (why: Record<string, unknown>, message: string) => {
    isClosing = true
    log.info(why, message)
    close()
  }
  const onSignal = (signal: NodeJS.Signals) => {
    if (isClosing) process.exit(130)
    begin({ signal }, 'closing')
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  onOrphaned(options, (message) => {
    if (!isClosing) begin({}, message)
  })
  return {
    closes(what) {
      opened = what
      if (isClosing) close()
    },
  }
}

/** Tells, once for each way to notice it, when whoever started this program is gone. */
function onOrphaned({ isRunByNpm }: { isRunByNpm: boolean }, orphaned: (message: string) => void): void {
  if (isRunByNpm) {
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      orphaned('closing: npm, which started this, has ended')
    }, parentCheckMs).unref()
  }
  if (process.send !== undefined) {
    const disconnected = () => orphaned('closing: what started this has ended')
    process.once('disconnect', disconnected)
    // It may have ended before anybody could listen.
    if (!process.connected) disconnected()
  }
}
