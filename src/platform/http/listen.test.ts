import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
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
