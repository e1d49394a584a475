/**
 * Writes that arrive in the same turn of the event loop share a transaction, and so one fsync: that is what makes a
 * durable answer to each of a hundred concurrent requests cheap. Nobody gets a result before it is on the disk.
 */
import type { Store } from './store.ts'

type Waiting = { work: () => void; done: () => void; failed: (error: unknown) => void }

export type GroupCommit = {
  /** Runs `work` in the next transaction. It must refuse by its result: a throw undoes the work of all who share the turn. */
  run<T>(work: () => T): Promise<T>
  /** Commits what waits, and takes no more. */
  close(): void
}

export function createGroupCommit(store: Pick<Store, 'transaction'>): GroupCommit {
  let waiting: Waiting[] = []
  let closed = false

  function flush(): void {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    try {
      store.transaction(() => group.forEach(({ work }) => work()))
    } catch (error) {
      group.forEach(({ failed }) => failed(error))
      return
    }
    group.forEach(({ done }) => done())
  }

  return {
    run<T>(work: () => T): Promise<T> {
      if (closed) return Promise.reject(new Error('The sandbox is closing.'))
      return new Promise((resolve, failed) => {
        let result: T
        waiting.push({ work: () => void (result = work()), done: () => resolve(result), failed })
        if (waiting.length === 1) setImmediate(flush)
      })
    },
    close() {
      closed = true
      flush()
    },
  }
}
