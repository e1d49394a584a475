import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'

const SQLITE_BUSY = 5
const POLL_MS = 20

/**
 * Runs `work` while no other process, and nothing else in this one, holds the lock of this name.
 *
 * The lock is SQLite's on an empty file, which is the operating system's: it ends with its holder, however that
 * died, so there is no stale lock to recognise and no race to take one over. Throws if the lock is not had in
 * `waitMsMax`.
 */
export async function withFileLock<T>(path: string, waitMsMax: number, work: () => Promise<T>): Promise<T> {
  const file = new DatabaseSync(path)
  try {
    await lock(file, path, waitMsMax)
    return await work()
  } finally {
    file.close()
  }
}

async function lock(file: DatabaseSync, path: string, waitMsMax: number): Promise<void> {
  const deadline = performance.now() + waitMsMax
  while (!tryLock(file)) {
    if (performance.now() > deadline) {
      throw new Error(
        `${path} has been locked by another process for ${waitMsMax / 1000} seconds. ` +
          'Look for a process of this hall that hangs while starting or stopping its database, and end it.',
      )
    }
    await pause(POLL_MS)
  }
}

function tryLock(file: DatabaseSync): boolean {
  try {
    // A journal on the disk would need room, and a full disk must not keep anybody from stopping a database.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw error
  }
}
