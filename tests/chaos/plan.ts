/**
 * What will go wrong in a run, and when: drawn before it begins from its seed alone, so that the same seed gives the same plan.
 *
 * Every kind of fault comes once before any comes again, in an order drawn each time; whom it hits, and for how long, is drawn too.
 * No fault lasts so long that a client who asks for 30 seconds could not outlast it, but several may overlap.
 */
import { type Chance, createChance } from '../processes/chance.ts'

export type Backend = 'postgres' | 'redis'

export const programNames = ['api-1', 'api-2', 'worker-1', 'worker-2', 'provider'] as const
export type ProgramName = (typeof programNames)[number]

export const lineNames = ['postgres', 'redis', 'provider'] as const
/** What a line of TCP leads to. */
export type LineName = (typeof lineNames)[number]

export type Fault = { atMs: number } & (
  | { kind: 'kill'; program: ProgramName }
  | { kind: 'freeze'; program: ProgramName; ms: number }
  | { kind: 'crash-postgres' }
  | { kind: 'empty-redis' }
  | { kind: 'flush-redis' }
  | { kind: 'cut'; line: LineName }
  | { kind: 'hang' | 'refuse'; line: LineName; ms: number }
  | { kind: 'slow'; line: LineName; ms: number; delayMs: number }
  | { kind: 'webhooks'; how: 'doubled' | 'reordered' | 'late'; ms: number }
  | { kind: 'clock'; program: ProgramName; offsetMs: number }
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

export function planOf({ seed, seconds, backend }: { seed: number; seconds: number; backend: Backend }): Fault[] {
  const chance = createChance(seed)
  const all = backend === 'redis' ? [...kinds, ...kindsOfRedis] : kinds
  const plan: Fault[] = []
  let bag: Kind[] = []
  for (let atMs = calmStartMs; atMs < seconds * 1000; atMs += chance(gapMs.min, gapMs.max)) {
    if (bag.length === 0) bag = shuffled(all, chance)
    plan.push({ atMs, ...draw(bag.pop()!, chance, backend) })
  }
  return plan
}

function draw(kind: Kind, chance: Chance, backend: Backend): Drawn {
  const one = <Item>(of: readonly Item[]): Item => of[chance(0, of.length - 1)]!
  const line = () => one(backend === 'redis' ? lineNames : lineNames.filter((name) => name !== 'redis'))
  switch (kind) {
    case 'kill':
      return { kind, program: one(programNames) }
    case 'freeze':
      return { kind, program: one(programNames), ms: chance(1_000, 4_000) }
    case 'cut':
      return { kind, line: line() }
    case 'hang':
    case 'refuse':
      return { kind, line: line(), ms: chance(500, 4_000) }
    case 'slow':
      return { kind, line: line(), ms: chance(1_000, 4_000), delayMs: chance(5, 40) }
    case 'webhooks':
      return { kind, how: one(['doubled', 'reordered', 'late'] as const), ms: chance(2_000, 5_000) }
    case 'clock':
      return { kind, program: one(programNames.slice(0, 4)), offsetMs: chance(-30, 30) * hourMs }
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
