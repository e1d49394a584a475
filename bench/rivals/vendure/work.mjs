/** Vendure's worker process. Says `ready` once it works the queue. */
import vendure from '@vendure/core'
import { config } from './config.mjs'

const worker = await vendure.bootstrapWorker(config)
await worker.startJobQueue()
process.stdout.write('ready\n')
