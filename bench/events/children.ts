/** Starting the processes of the events benchmark, and telling them what to do. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type Role = 'announcer' | 'worker' | 'sequencer' | 'listener' | 'plain announcer' | 'plain worker'
export type Announcing = {
  count: number
  /** How many commands at once. */
  sideBySide: number
  /** Whether each has an idempotency key: it is looked for, and leaves a record. */
  isKeyed: boolean
}
export type Order = { id: number } & (({ do: 'announce' } & Announcing) | { do: 'close' })
type Answer = { done: number } | { failed: number; why: string }

export type Child = AsyncDisposable & {
  /** Has events announced, each by a command of its own. */
  announce(what: Announcing): Promise<void>
  close(): Promise<void>
}

const program = fileURLToPath(new URL('../events-process.ts', import.meta.url))
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** Starts a process in its role and waits until it is ready. */
export async function startChild(role: Role, settings: Readonly<Record<string, string>>): Promise<Child> {
  const child = fork(program, [JSON.stringify(role), JSON.stringify(settings)], { env, detached: true })
  const waiting = new Map<number, { resolve(): void; reject(error: Error): void }>()
  let orders = 0
  let closing: Promise<void> | undefined
  const answered = (id: number) =>
    new Promise<void>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
    })
  child.on('message', (answer: Answer) => {
    if ('failed' in answer) return waiting.get(answer.failed)?.reject(new Error(answer.why))
    waiting.get(answer.done)?.resolve()
  })
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The ${role} ended with ${code}.`))
  })
  const exited = once(child, 'exit')
  const ready = answered(0)
  const tell = (order: Omit<Extract<Order, { do: 'announce' }>, 'id'> | { do: 'close' }) => {
    orders += 1
    const told = answered(orders)
    child.send({ ...order, id: orders })
    return told
  }
  const close = () =>
    (closing ??= tell({ do: 'close' })
      .catch(() => child.kill('SIGKILL'))
      .then(() => exited)
      .then(() => undefined))
  await ready
  return {
    announce: (what) => tell({ do: 'announce', ...what }),
    close,
    [Symbol.asyncDispose]: close,
  }
}
