/**
 * The board of the queues: Bull Board, which reads and changes nothing. Jobs are rows, and queues only carry them: to retry one
 * here would mean nothing. Loaded when somebody first looks at it.
 */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import type { Queue } from 'bullmq'
import type { RequestHandler } from 'express'
import { redacted } from '../redact.ts'

/** Makes the handler of the board's requests, which are below `basePath`. */
export function createQueueBoard(queues: readonly Queue[], basePath: string): RequestHandler {
  const serverAdapter = new ExpressAdapter().setBasePath(basePath)
  createBullBoard({
    queues: queues.map(adapterOf),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Markethall', hideDocsLink: true } },
  })
  const board = serverAdapter.getRouter()
  board.disable('x-powered-by')
  return board
}

function adapterOf(queue: Queue): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true })
  adapter.setFormatter('data', shown)
  return adapter
}

type Carried = { source: string; batches: { lane: number; events: { name: string; key: string; fact: unknown }[] }[] }

/** What a job of a queue carries, without what is sensitive: the facts of its events travel as text. */
function shown(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('batches' in data)) return redacted(data)
  const { source, batches } = data as Carried
  const looked = batches.map(({ lane, events }) => ({
    lane,
    events: events.map(({ name, key, fact, ...event }) => ({
      ...(redacted(event) as object),
      name,
      key,
      fact: factShown(fact),
    })),
  }))
  return { source, batches: looked }
}

/** Whatever is no JSON is none of ours. */
function factShown(fact: unknown): unknown {
  try {
    return redacted(JSON.parse(String(fact)))
  } catch {
    return '[not shown]'
  }
}
