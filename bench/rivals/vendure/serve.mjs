/** Serves Vendure's shop API on PORT. Says `ready` once it listens. */
import vendure from '@vendure/core'
import { config } from './config.mjs'

await vendure.bootstrap(config)
process.stdout.write('ready\n')
