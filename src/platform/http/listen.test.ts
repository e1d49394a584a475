import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { listen } from './listen.ts'

test('a request under way is answered before a server closes, and a connection that has asked nothing is not waited for', async () => {
  const asked = Promise.withResolvers<() => void>()
  const server = createServer((_request, response) => asked.resolve(() => response.end('answered')))
  const face = await listen(server, { host: '127.0.0.1', port: 0 })
  const silent = connect(face.port, '127.0.0.1')
  await Promise.all([once(silent, 'connect'), once(server, 'connection')])
  const answer = fetch(face.url).then((response) => response.text())
  const finish = await asked.promise
  const closed = face.close(600_000)
  await once(silent, 'close')
  finish()
  expect(await answer).toBe('answered')
  await closed
})

test('under load, every request that reaches a server is answered while it closes, and the client is told to leave', async () => {
  const server = createServer((asked, response) => {
    asked.resume().on('end', () => setImmediate(() => response.end('answered')))
  })
  const face = await listen(server, { host: '127.0.0.1', port: 0, lingerMs: 1000 })
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const answers = { before: 0, last: 0 }
  const ask = async (): Promise<{ isLast: boolean }> => {
    const sent = request(face.url, { agent, method: 'POST' })
    sent.end('a question')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await text(response)).toBe('answered')
    return { isLast: response.headers.connection === 'close' }
  }
  const warm = Promise.withResolvers<void>()
  const clients = Array.from({ length: 16 }, async () => {
    for (;;) {
      const { isLast } = await ask()
      if (isLast) break
      answers.before += 1
      if (answers.before > 200) warm.resolve()
    }
    answers.last += 1
    // It is gone for whoever comes now: refused, not cut.
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
  await warm.promise
  await Promise.all([face.close(600_000), ...clients])
  agent.destroy()
  expect(answers.last).toBe(16)
})

test('whose port is taken, or whose host is none, is told by the name of the setting', async () => {
  const { port, close } = await listen(createServer(), { host: '127.0.0.1', port: 0 })
  const settings = { host: 'METRICS_HOST', port: 'METRICS_PORT' }
  await expect(listen(createServer(), { host: '127.0.0.1', port, settings })).rejects.toThrow(
    'another with METRICS_PORT',
  )
  await expect(listen(createServer(), { host: '192.0.2.1', port: 0, settings })).rejects.toThrow('Correct METRICS_HOST')
  await close(0)
})
