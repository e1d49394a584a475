/**
 * The sandbox as a program: `main.ts --file F [--host H] [--port N] [--synchronous full|off]`. Started with an IPC channel it sends
 * `{ url }` when it listens, and leaves as soon as the channel closes, which is how it learns that its parent died.
 */
import { parseArgs } from 'node:util'
import { startSandbox } from './server.ts'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      synchronous: { type: 'string', default: 'full' },
    },
  })
  if (!values.file) throw new Error('--file is missing: where shall the sandbox keep its state?')
  const hasParent = process.send !== undefined
  if (hasParent) {
    // All state is committed before it is answered, so there is nothing to save when the parent is gone.
    process.on('disconnect', () => process.exit(0))
    // Ctrl-C reaches the whole group; the parent still needs us while it drains, and ends us itself.
    process.on('SIGINT', () => {})
    if (!process.connected) process.exit(0)
  }
  const sandbox = await startSandbox({
    file: values.file,
    host: values.host,
    port: Number(values.port),
    synchronous: values.synchronous === 'off' ? 'off' : 'full',
    log: (message, details) => console.error(JSON.stringify({ message, ...details })),
  })
  process.once('SIGTERM', () => void sandbox.close().then(() => process.exit(0)))
  // A failure to send means that the parent has gone, of which `disconnect` tells as well.
  if (process.send) process.send({ url: sandbox.url }, undefined, undefined, () => {})
  else console.log(`The payment sandbox listens at ${sandbox.url}`)
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(`The payment sandbox cannot start: ${String(error)}`)
    process.exit(1)
  })
}
