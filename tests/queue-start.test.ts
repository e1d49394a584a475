/** A worker that starts while PostgreSQL is out of reach works its queue once it is back. */
import { openCarrier } from '#platform/events/queues'
import { createLog } from '#platform/log'
import { cloneTemplate } from '#testing/cluster'
import { expect, inject, test } from 'vitest'
import { openLine } from './chaos/line.ts'

const outageMs = 1_500

test('a worker that cannot reach its queue at first works it later', async () => {
  const { name, url: databaseUrl } = await cloneTemplate(inject('cluster'), 'queue')
  const url = new URL(databaseUrl)
  await using line = await openLine(Number(url.port))
  url.port = String(line.port)
  const log = createLog({ level: 'fatal', name: 'test' })
  const carrier = await openCarrier({ redisUrl: undefined, databaseUrl: url.href, namespace: name, workers: 1, log })
  try {
    const back = line.refuse(outageMs)
    line.cut()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    await carrier.work('orders', async (_, data) => resolve(data))
    await back
    await carrier.add('orders', [{ name: 'jobs', data: { ids: ['job_1'] } }])
    expect(await promise).toEqual({ ids: ['job_1'] })
  } finally {
    await carrier.close()
  }
})
