/** `npm run test:topologies`: the same end-to-end suite over every topology, or those named. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Backend, backends, type Choice, placements, runsOf } from './placements.ts'

const root = join(import.meta.dirname, '..', '..')
const usage = `Usage: npm run test:topologies [-- [--backend B] [NAME …]]
  --backend B   what carries the jobs: postgres or redis (both, one after the other)
Without a name all run. The names:
${placements.map(({ name }) => `  ${name}`).join('\n')}`

function main(): number {
  const { values, positionals: names } = parseArgs({
    allowPositionals: true,
    options: { backend: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const choice: Choice = { names, on: values.backend === undefined ? backends : [backendOf(values.backend)] }
  runsOf(choice.names, choice.on)
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=verbose', 'tests/topologies.test.ts'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, TOPOLOGIES: JSON.stringify(choice) } },
  )
  return status ?? 1
}

function backendOf(text: string): Backend {
  const backend = backends.find((name) => name === text)
  if (backend === undefined) throw new Error(`--backend is ${backends.join(' or ')}, not ${text}.`)
  return backend
}

try {
  process.exitCode = main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  process.exitCode = 2
}
