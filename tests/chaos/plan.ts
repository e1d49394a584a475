/**
 * What will go wrong in a run, and when: drawn before it begins from its seed alone, so that the same seed gives the same plan.
 *
 * Every kind of fault comes once before any comes again, in an order drawn each time; whom it hits, and for how long, is drawn too.
 * No fault lasts so long that a client who asks for 30 seconds could not outlast it, but several may overlap.
 */
import { type Chance, createChance } from '../processes/chance.ts'
import { type Cast, oneProcessCast, outsiders } from './cast.ts'

export type Backend = 'postgres' | 'redis'

export type Fault = { atMs: number } & (
  | { kind: 'kill'; program: string }
  | { kind: 'freeze'; program: string; ms: number }
  /** SIGTERM, and a start, as in a rolling restart. */
  | { kind: 'restart'; program: string }
  | { kind: 'crash-postgres' }
  | { kind: 'empty-redis' }
  | { kind: 'flush-redis' }
  | { kind: 'cut'; line: string }
  | { kind: 'hang' | 'refuse'; line: string; ms: number }
  | { kind: 'slow'; line: string; ms: number; delayMs: number }
  | { kind: 'webhooks'; how: 'doubled' | 'reordered' | 'late'; ms: number }
  | { kind: 'clock'; program: string; offsetMs: number }
)

type Kind = Fault['kind']
type Drawn = Fault extends infer Each ? (Each extends Fault ? Omit<Each, 'atMs'> : never) : never

const calmStartMs = 1_000
/** Between two faults. The mean gives a run of half an hour about 600. */
const gapMs = { min: 1_500, max: 4_500 }
const hourMs = 3_600_000

/** Kinds that stand twice come twice as often. */
const kinds: readonly Kind[] = [
  'kill',
  'kill',
  'freeze',
  'freeze',
  'crash-postgres',
  'cut',
  'hang',
  'refuse',
  'slow',
  'webhooks',
  'clock',
]
const kindsOfRedis: readonly Kind[] = ['empty-redis', 'flush-redis']
const kindsOfTopologies: readonly Kind[] = ['restart', 'restart']

export type PlanOptions = { seed: number; seconds: number; backend: Backend; cast?: Cast }

export function planOf({ seed, seconds, backend, cast = oneProcessCast }: PlanOptions): Fault[] {
  const chance = createChance(seed)
  const all = [
    ...kinds,
    ...(backend === 'redis' ? kindsOfRedis : []),
    ...(cast.topology === undefined ? [] : kindsOfTopologies),
  ]
  const targets = targetsIn(cast, backend)
  const plan: Fault[] = []
  let bag: Kind[] = []
  for (let atMs = calmStartMs; atMs < seconds * 1000; atMs += chance(gapMs.min, gapMs.max)) {
    if (bag.length === 0) bag = shuffled(all, chance)
    plan.push({ atMs, ...draw(bag.pop()!, chance, targets) })
  }
  return plan
}

/** Between two kills, where there is nothing else. */
const killEveryMs = 5_000

/** Kills alone: one of the hall's programs every five seconds. */
export function killsOf({ seed, seconds, cast = oneProcessCast }: PlanOptions): Fault[] {
  const chance = createChance(seed)
  const { members } = cast
  return Array.from({ length: Math.floor((seconds * 1000) / killEveryMs) }, (_, index) => ({
    atMs: (index + 1) * killEveryMs,
    kind: 'kill',
    program: members[chance(0, members.length - 1)]!.name,
  }))
}

type Targets = { hall: readonly string[]; lines: readonly string[] }

const targetsIn = ({ members }: Cast, backend: Backend): Targets => ({
  hall: members.map(({ name }) => name),
  lines: [
    ...outsiders.filter((name) => backend === 'redis' || name !== 'redis'),
    ...members.flatMap(({ name, isCalled }) => (isCalled ? [name] : [])),
  ],
})

function draw(kind: Kind, chance: Chance, { hall, lines }: Targets): Drawn {
  const one = <Item>(of: readonly Item[]): Item => of[chance(0, of.length - 1)]!
  const programs = [...hall, 'provider']
  switch (kind) {
    case 'kill':
      return { kind, program: one(programs) }
    case 'freeze':
      return { kind, program: one(programs), ms: chance(1_000, 4_000) }
    case 'restart':
      return { kind, program: one(hall) }
    case 'cut':
      return { kind, line: one(lines) }
    case 'hang':
    case 'refuse':
      return { kind, line: one(lines), ms: chance(500, 4_000) }
    case 'slow':
      return { kind, line: one(lines), ms: chance(1_000, 4_000), delayMs: chance(5, 40) }
    case 'webhooks':
      return { kind, how: one(['doubled', 'reordered', 'late'] as const), ms: chance(2_000, 5_000) }
    case 'clock':
      return { kind, program: one(hall), offsetMs: chance(-30, 30) * hourMs }
    default:
      return { kind }
  }
}

export function shuffled<Item>(items: readonly Item[], chance: Chance): Item[] {
  const mixed = [...items]
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = chance(0, last)
    ;[mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!]
  }
  return mixed
}

/** A fault in a line for people. */
export function sayFault({ atMs, kind, ...others }: Fault): string {
  const details = Object.entries(others).map(([name, value]) => `${name} ${value}`)
  return [`${(atMs / 1000).toFixed(1)} s:`, kind, ...details].join(' ')
}
