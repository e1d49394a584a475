/** The sweep, while something that it asks is out. */
import { allDuties } from '#platform/events/duties'
import { ModuleWorker } from '#platform/events/module-worker'
import { eventually } from '#testing/eventually'
import { startTestHall } from '#testing/hall'
import { expect, test } from 'vitest'

test('a source that does not answer holds up no other, nor the end of the process; nor does a queue that is out', async () => {
  await using hall = await startTestHall({ modules: ['audit'] })
  const { runtime, assembly } = hall.processes[0]!.hosted.get('audit')!
  const asked: string[] = []
  const worker = new ModuleWorker({
    runtime,
    assembly,
    carrier: {
      add: () => Promise.reject(new Error('the queue is out')),
      work: () => Promise.resolve(),
      ping: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    reader: {
      after: () => Promise.resolve([]),
      heads: (source, signal) => {
        asked.push(source)
        if (source !== last) return Promise.reject(new Error(`${source} is out`))
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('it hung'))))
      },
    },
    sources: [],
    listenedBy: [],
    duties: allDuties,
    sweeps: true,
  })
  const last = worker.sources.at(-1)
  await worker.start()
  await eventually(
    () => Promise.resolve(asked),
    (sources) => sources.includes(last!),
  )
  expect(asked).toEqual(worker.sources)
  await worker.stop()
})
