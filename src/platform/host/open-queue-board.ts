/**
 * The queues as the board looks at them: opened when somebody first asks, with connections of its own, so that it is there in a
 * process, too, that leaves the queues to others.
 */
import type { RequestHandler } from 'express'
import { unavailable } from '../errors.ts'
import { endsWithin } from '../events/ends-within.ts'
import type { Backend } from '../events/queue-backends.ts'
import { openBackend } from '../events/queues.ts'
import { queuesPath } from '../http/queues-door.ts'
import type { ProcessOptions } from './open-process.ts'
import { succeeds } from './readiness.ts'

const connections = 2
const leaveMsMax = 2_000

type QueueBoardOptions = {
  options: Pick<ProcessOptions, 'config' | 'definition' | 'log'>
  queueUrl: string | undefined
  namespace: string
}

type Open = { backend: Backend; handler: RequestHandler; close(): Promise<void> }

/** Makes what answers the board's handler; it throws where the queues cannot be reached. Closing is left to `closers`. */
export function queueBoardOf(
  options: QueueBoardOptions,
  closers: (() => Promise<unknown>)[],
): () => Promise<RequestHandler> {
  let opening: Promise<Open> | undefined
  closers.push(async () => (await opening?.catch(() => undefined))?.close())
  return async () => {
    opening ??= open(options)
    const opened = await opening.catch((error: unknown) => {
      opening = undefined
      options.options.log.warn({ err: error }, 'the board of the queues could not be opened')
      return undefined
    })
    if (opened === undefined || !(await succeeds(() => opened.backend.ping())))
      throw unavailable(
        'The queues cannot be reached now. What they carry is in the database, and is done without them.',
      )
    return opened.handler
  }
}

async function open({ options, queueUrl, namespace }: QueueBoardOptions): Promise<Open> {
  const { config, definition, log } = options
  const { createQueueBoard } = await import('../http/queue-board.ts')
  const { redisUrl } = config
  const { backend, outage } = await openBackend({ redisUrl, databaseUrl: queueUrl, namespace, connections, log })
  const modules = Object.keys(definition.graph).filter((name) => name !== 'gateway')
  const queues = modules.map((module) => {
    const queue = backend.queue(module)
    queue.on('error', (error) => outage.met(error))
    return queue
  })
  return {
    backend,
    handler: createQueueBoard(queues, queuesPath),
    async close() {
      await endsWithin(Promise.all(queues.map((queue) => queue.close())), leaveMsMax)
      await backend.close()
    },
  }
}
