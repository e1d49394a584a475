/** `npm run chaos`: a minute of it on each backend, some over a topology, its plan, and whether its checker sees what is broken on purpose. */
import { describe, expect, inject, onTestFailed, test } from 'vitest'
import { breakTree, type Damage } from './chaos/broken-tree.ts'
import { castOf } from './chaos/cast.ts'
import { type Fault, killsOf, planOf, sayFault } from './chaos/plan.ts'
import { type ChaosOutcome, runChaos } from './chaos/run.ts'
import { startProgram } from './processes/program.ts'

const seed = Number(process.env['CHAOS_SEED'] ?? 20_101_201)
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 60)
const testMsMax = seconds * 1000 + 240_000
const backends = ['postgres', ...(inject('cluster').redisUrl === undefined ? [] : ['redis'])]

test.for(backends)('nothing is lost and nothing doubled on %s', { timeout: testMsMax }, async (backend) => {
  console.info(`Chaos on ${backend} with CHAOS_SEED=${seed}.`)
  const args = ['--seconds', `${seconds}`, '--seed', `${seed}`, '--backend', backend, '--json']
  const program = startProgram('tests/chaos/main.ts', args, {})
  onTestFailed(() => console.info(program.err.slice(-100).join('\n')))
  const { code } = await program.ended
  const outcome = JSON.parse(program.out.at(-1) ?? '{}') as ChaosOutcome
  expect(outcome.violations).toEqual([])
  expect(code).toBe(0)
  expect(Object.keys(outcome)).toEqual(['seed', 'backend', 'seconds', 'faults', 'requests', 'succeeded', 'violations'])
  expect(outcome.faults).toBeGreaterThan(seconds / 6)
  expect(outcome.requests).toBeGreaterThan(seconds)
})

test('nothing is lost and nothing doubled where orders and inventory are outside', { timeout: 260_000 }, async () => {
  const lines: string[] = []
  onTestFailed(() => console.info(lines.slice(-100).join('\n')))
  const cast = await castOf('topologies/orders-and-inventory-out.json', 1)
  const say = (line: string) => void lines.push(line)
  const { violations, requests } = await runChaos({ seed, seconds: 20, backend: 'postgres', cast, say })
  expect(violations).toEqual([])
  expect(requests).toBeGreaterThan(20)
})

describe('the plan', () => {
  test('for a seed is what it always was', () => {
    const plan = planOf({ seed: 7, seconds: 20, backend: 'postgres' })
    expect(plan.map(sayFault)).toEqual([
      '1.0 s: freeze program worker-2 ms 3934',
      '3.0 s: kill program api-1',
      '6.5 s: cut line provider',
      '9.0 s: hang line postgres ms 3693',
      '12.4 s: kill program worker-1',
      '15.3 s: freeze program worker-1 ms 2176',
      '17.6 s: crash-postgres',
      '19.6 s: clock program worker-1 offsetMs 3600000',
    ])
  })

  test('over a topology is the same for the same seed, restarts each of its processes, and parts each from its callers', async () => {
    const cast = await castOf('topologies/all-out.json', 2)
    const plan = planOf({ seed, seconds: 3_600, backend: 'redis', cast })
    expect(planOf({ seed, seconds: 3_600, backend: 'redis', cast })).toEqual(plan)
    const struck = (kind: Fault['kind']) =>
      new Set(
        plan.flatMap((fault) =>
          fault.kind !== kind ? [] : 'line' in fault ? fault.line : 'program' in fault ? fault.program : [],
        ),
      )
    const faces = ['gateway-1', 'gateway-2']
    const callees = cast.members.map(({ name }) => name).filter((name) => !faces.includes(name))
    expect(callees).toHaveLength(20)
    expect(struck('restart')).toEqual(new Set([...faces, ...callees]))
    expect(struck('kill')).toEqual(new Set([...faces, ...callees, 'provider']))
    const parted = new Set((['cut', 'hang', 'refuse', 'slow'] as const).flatMap((kind) => [...struck(kind)]))
    expect(parted).toEqual(new Set([...callees, 'postgres', 'redis', 'provider']))
  })

  test('of kills alone strikes one program every five seconds, and all of them in the end', async () => {
    const cast = await castOf('topologies/all-out.json', 2)
    const plan = killsOf({ seed, seconds: 900, backend: 'postgres', cast })
    expect(plan).toHaveLength(180)
    expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map((_, index) => (index + 1) * 5_000))
    const struck = plan.map((fault) => (fault.kind === 'kill' ? fault.program : fault.kind))
    expect(new Set(struck)).toEqual(new Set(cast.members.map(({ name }) => name)))
  })

  test('is the same for the same seed, and another for another', () => {
    const plan = (of: number) => planOf({ seed: of, seconds: 900, backend: 'redis' })
    expect(plan(7)).toEqual(plan(7))
    expect(plan(7)).not.toEqual(plan(8))
  })

  test('has every kind of fault, and 200 of them in a quarter of an hour', () => {
    const plan = planOf({ seed, seconds: 900, backend: 'redis' })
    expect(plan.length).toBeGreaterThan(200)
    expect([...new Set(plan.map(({ kind }) => kind))].sort()).toEqual([
      'clock',
      'crash-postgres',
      'cut',
      'empty-redis',
      'flush-redis',
      'freeze',
      'hang',
      'kill',
      'refuse',
      'slow',
      'webhooks',
    ])
  })
})

/** Faults that have others take over what somebody had begun. */
const takeovers: Fault[] = [
  { atMs: 2_000, kind: 'freeze', program: 'worker-1', ms: 1_500 },
  { atMs: 4_000, kind: 'kill', program: 'api-1' },
  { atMs: 6_000, kind: 'cut', line: 'postgres' },
]

/** A fault aimed at one call: now and then the request for stock is late, and comes after what takes it back. */
const lateRequest: Damage = {
  file: 'src/modules/checkout/complete.ts',
  line: 'do: async ({ calls }, wanted) => wanted && calls.inventory.reserve.mutate(wanted),',
  becomes: `do: async ({ calls }, wanted) => {
        if (wanted === null || Math.random() < 0.8) return wanted && calls.inventory.reserve.mutate(wanted)
        setTimeout(() => void calls.inventory.reserve.mutate(wanted).catch(() => undefined), 1_000)
        throw new Error('The request for stock is late.')
      },`,
}

/** A fault aimed at one instant: now and then the connection is lost once the events of a batch are applied, and before the commit. */
const lostConnection: Damage = {
  file: 'src/platform/events/apply.ts',
  line: '    return positions\n  }, notDurable)',
  becomes: `    if (Math.random() < 0.25) throw Object.assign(new Error('The connection is lost.'), { code: 'ECONNRESET' })
    return positions
  }, notDurable)`,
}

/** Each is a build that the checker must not let pass, and what it must complain of. */
const broken: Record<string, { damages: Damage[]; complaint: RegExp }> = {
  'a cursor that is moved outside the transaction': {
    damages: [
      lostConnection,
      {
        file: 'src/platform/events/apply.ts',
        line: 'transaction.trailing(transaction.client.query({ ...statements.moveCursors, values }))',
        becomes: `setTimeout(() => {
          runtime.database.pool.query({ ...statements.moveCursors, values }).catch(() => undefined)
        }, 0)`,
      },
    ],
    complaint: /^(An event is parked|Audit |Reporting |The sales |The chain |A listener is behind|It did not settle)/,
  },
  'a command that leaves no record of its key': {
    damages: [
      {
        file: 'src/platform/calls/run-command.ts',
        line: "[context.caller, key, path, input.hash, 'done', JSON.stringify(answer)]",
        // What is found under no key that anybody asks for is no record.
        becomes: "[context.caller, `${key} ${Math.random()}`, path, input.hash, 'done', JSON.stringify(answer)]",
      },
    ],
    complaint: /^(One key had two answers|Money was given back more or less often)/,
  },
  'stock that is read, and written without a lock': {
    damages: [
      {
        file: 'src/modules/inventory/allocation.ts',
        line: '    ${inLockOrder}\n    for update of s`)\n  const own',
        // Between reading and writing passes long enough for another to read the same.
        becomes: '    and (select pg_sleep(0.02)) is not null\n    ${inLockOrder}`)\n  const own',
      },
    ],
    complaint: /^(Reserved is not|Held is not|On hand is not|More is promised)/,
  },
  'an undo that leaves no tombstone': {
    damages: [
      lateRequest,
      {
        file: 'src/platform/calls/run-command.ts',
        line: 'if (undone.operation === null) leaveTombstone(transaction, operation, context)',
        becomes: 'void leaveTombstone',
      },
    ],
    complaint: /^An undone checkout left something behind/,
  },
}

/** What the checker says of a short run of a hall with these damages. */
async function violationsOf(damages: Damage[], settleMsMax = 15_000): Promise<string[]> {
  await using tree = await breakTree(damages)
  const lines: string[] = []
  onTestFailed(() => console.info(lines.slice(0, 40).join('\n')))
  const { violations } = await runChaos({
    seed,
    seconds: 8,
    backend: 'postgres',
    root: tree.root,
    plan: takeovers,
    // There is little time for it to show itself.
    lookers: 0,
    settleMsMax,
    say: (line) => void lines.push(line),
  })
  onTestFailed(() => console.info(violations.join('\n')))
  return violations
}

test.for(Object.entries(broken))('the checker sees %s', { timeout: 240_000 }, async ([, { damages, complaint }]) => {
  const violations = await violationsOf(damages)
  expect(violations.filter((each) => complaint.test(each))).not.toEqual([])
})

test('late requests and lost connections alone break nothing', { timeout: 240_000 }, async () => {
  // What a killed process was at is due again after ten seconds, and some of it is tried twice.
  expect(await violationsOf([lateRequest, lostConnection], 60_000)).toEqual([])
})
