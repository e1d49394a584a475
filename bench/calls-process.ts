/** The callee of the calls benchmark, in a process of its own: `hall` is the internal face of a process, `raw` nothing but node:http. */
import { createServer, type Server } from 'node:http'
import { createInternalServer } from '#platform/http/internal-server'
import { listen } from '#platform/http/listen'
import { createLog } from '#platform/log'
import { priced } from './calls/order.ts'
import { bindStall } from './calls/payload.ts'

const [kind, level] = process.argv.slice(2) as ['hall' | 'raw', string]

function hallServer(): Server {
  const operations = bindStall(createLog({ level }))
  return createInternalServer({
    secret: 'the secret of the calls benchmark',
    find: (path) => operations.get(path.slice(path.indexOf('.') + 1)),
    mayCall: () => true,
  })
}

/** One request per call, JSON both ways, nothing else: what HTTP itself costs. */
const rawServer = (): Server =>
  createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = JSON.stringify(priced(JSON.parse(Buffer.concat(chunks).toString())))
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      response.end(text)
    })
  })

const face = await listen(kind === 'hall' ? hallServer() : rawServer(), { host: '127.0.0.1', port: 0 })
process.send!(face.url)
process.once('disconnect', () => process.exit(0))
