/** `npm run chaos`: a hall of real processes among faults, and whether it lost or doubled anything. */
import { parseArgs } from 'node:util'
import { castOf, oneProcessCast } from './cast.ts'
import type { Backend } from './plan.ts'
import { runChaos } from './run.ts'

const usage = `Usage: npm run chaos [-- OPTIONS]
  --seconds N   how long trade and faults last (60)
  --seed N      from which the faults are drawn; the same seed gives the same plan (7)
  --backend B   what carries the jobs: postgres or redis (postgres)
  --topology F  every process of the topology file F as a program of its own, that with the public face twice;
                without, two with everything and two workers
  --instances N how many there are of each other process of the topology: 1 or 2 (1; 2 with --rolling or --killing)
  --rolling     no faults, but graceful restarts of one program after the other, each once at least; no request may fail at the first try
  --killing     nothing but kill -9 of one program, drawn from the seed, every five seconds
  --lookers N   how many only look around (4)
  --json        the last line of standard output is one JSON object: seed, backend, seconds, faults, requests, succeeded, violations
  --help`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '7' },
      backend: { type: 'string', default: 'postgres' },
      topology: { type: 'string' },
      instances: { type: 'string' },
      rolling: { type: 'boolean', default: false },
      killing: { type: 'boolean', default: false },
      lookers: { type: 'string', default: '4' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const backend = backendOf(values.backend)
  const { topology, instances, rolling, killing } = values
  if (rolling && killing) throw new Error('--rolling and --killing are two runs.')
  if (topology === undefined && instances !== undefined) throw new Error('--instances is for a --topology.')
  const count = instancesOf(instances ?? (rolling || killing ? '2' : '1'))
  const cast = topology === undefined ? oneProcessCast : await castOf(topology, count)
  const options = {
    seed: whole('seed', values.seed),
    seconds: whole('seconds', values.seconds),
    backend,
    cast,
    only: rolling ? ('restarts' as const) : killing ? ('kills' as const) : undefined,
    lookers: whole('lookers', values.lookers),
  }
  const outcome = await runChaos({ ...options, say: (line) => process.stderr.write(`${line}\n`) })
  for (const violation of outcome.violations) process.stderr.write(`VIOLATION: ${violation}\n`)
  const share = ((100 * outcome.succeeded) / outcome.requests).toFixed(3)
  process.stdout.write(
    values.json
      ? `${JSON.stringify(outcome)}\n`
      : `${outcome.faults} faults, ${outcome.succeeded} of ${outcome.requests} requests succeeded (${share} %), ${outcome.violations.length} violations.\n`,
  )
  return outcome.violations.length === 0 ? 0 : 1
}

function backendOf(text: string): Backend {
  if (text === 'postgres' || text === 'redis') return text
  throw new Error(`--backend is postgres or redis, not ${text}.`)
}

function instancesOf(text: string): number {
  if (text === '1' || text === '2') return Number(text)
  throw new Error(`--instances is 1 or 2, not ${text}.`)
}

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text)
  throw new Error(`--${name} is a whole number above zero, not ${text}.`)
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
    process.exit(2)
  },
)
