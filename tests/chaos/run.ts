/** One chaos run: a hall of real processes, trade and attacks for a time, faults by a plan, and the verdict. */
import { setTimeout as delay } from 'node:timers/promises'
import { createChance } from '../processes/chance.ts'
import { attack, repeat } from './attacks.ts'
import { type Cast, oneProcessCast } from './cast.ts'
import { createClient } from './client.ts'
import { type Backend, type Fault, killsOf, planOf, sayFault } from './plan.ts'
import { openStage, type Stage } from './stage.ts'
import { keepShop, look, openShop, shop } from './trade.ts'
import { verdictOn } from './verdict.ts'

export type ChaosOptions = {
  seed: number
  seconds: number
  backend: Backend
  /** Who plays: everything in one process, unless told. */
  cast?: Cast
  /**
   * Nothing else goes wrong: `restarts` of the hall's programs, graceful, one after the other, each once at least; or `kills` of them, one
   * drawn every five seconds.
   */
  only?: 'restarts' | 'kills' | undefined
  /** The source tree that is run: this one unless told. */
  root?: string
  /** Goes wrong instead of what is drawn from the seed. */
  plan?: readonly Fault[]
  /** How many only look around: four, unless all is to be spent on purchases. */
  lookers?: number
  /** How long it may take, once the faults have stopped, until nothing is left to do. */
  settleMsMax?: number
  say(line: string): void
}

export type ChaosOutcome = {
  seed: number
  backend: Backend
  seconds: number
  faults: number
  requests: number
  succeeded: number
  /** A sentence each. */
  violations: string[]
}

const shoppers = 8
const sayEveryMs = 10_000

export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { seed, seconds, backend, cast = oneProcessCast, only, root, lookers = 4, settleMsMax = 120_000, say } = options
  const isRolling = only === 'restarts'
  const plan = options.plan ?? (only === 'kills' ? killsOf : planOf)({ seed, seconds, backend, cast })
  say(
    isRolling
      ? `Restarts for ${seconds} seconds on ${backend}, one program after the other.`
      : `Chaos for ${seconds} seconds on ${backend}, ${plan.length} faults planned with --seed ${seed}.`,
  )
  const stageOptions = { backend, cast, hasLines: only === undefined, chance: createChance(seed + 1), say }
  await using stage = await openStage({ ...stageOptions, ...(root !== undefined && { root }) })
  const client = createClient({ faces: stage.faces, staffKey: await stage.ownerKey(), isDemanding: isRolling })
  await openShop(client)
  say('The shop is open.')
  const stopping = new AbortController()
  const trader = (index: number) => ({
    client,
    chance: createChance(seed + 100 + index),
    name: `chaos-${seed}-trader-${index}`,
    stopping: stopping.signal,
  })
  const trading = [
    ...Array.from({ length: shoppers }, (_, index) => shop(trader(index))),
    keepShop(trader(shoppers)),
    repeat(trader(shoppers + 1)),
    attack(trader(shoppers + 2)),
    ...Array.from({ length: lookers }, (_, index) => look(trader(shoppers + 3 + index))),
  ]
  const telling = setInterval(
    () => say(`${client.counts.succeeded} of ${client.counts.requests} requests are answered.`),
    sayEveryMs,
  )
  const until = delay(seconds * 1000)
  try {
    const struck = isRolling ? roll(stage, cast, { seconds, say }) : strikeAll(stage, plan, say)
    await Promise.all([until, struck])
    say('No more faults. What was begun is finished.')
    stopping.abort()
    await Promise.all(trading)
    await Promise.all(Object.values(stage.programs).map((each) => each.ready()))
    const violations = await verdictOn(stage, client, settleMsMax)
    for (const given of client.givenUp) say(`Given up: ${given}`)
    if (violations.length > 0) sayComplaints(stage, say)
    return { seed, backend, seconds, faults: await struck, ...client.counts, violations }
  } finally {
    stopping.abort()
    clearInterval(telling)
  }
}

function sayComplaints({ programs }: Stage, say: (line: string) => void): void {
  for (const [name, program] of Object.entries(programs))
    for (const line of program.complaints()) say(`${name}: ${line}`)
}

/** Strikes at each instant of the plan. Answers how many strikes hit something, once the last is over. */
async function strikeAll(stage: Stage, plan: readonly Fault[], say: (line: string) => void): Promise<number> {
  const beganAt = performance.now()
  const strikes: Promise<boolean>[] = []
  for (const fault of plan) {
    await delay(Math.max(0, beganAt + fault.atMs - performance.now()))
    say(sayFault(fault))
    strikes.push(strike(stage, fault))
  }
  return (await Promise.all(strikes)).filter(Boolean).length
}

/** Restarts the programs of the hall one after the other until the time is over, each once at least. Answers how many restarts that were. */
async function roll(
  { programs }: Stage,
  { members }: Cast,
  { seconds, say }: { seconds: number; say(line: string): void },
): Promise<number> {
  const beganAt = performance.now()
  const elapsedMs = () => performance.now() - beganAt
  for (let restarts = 0; ; restarts += 1) {
    if (restarts >= members.length && elapsedMs() > seconds * 1000) return restarts
    const { name } = members[restarts % members.length]!
    say(`${(elapsedMs() / 1000).toFixed(1)} s: restart ${name}`)
    await programs[name]!.restart()
  }
}

/** False where there was nothing to hit. */
async function strike(stage: Stage, fault: Fault): Promise<boolean> {
  switch (fault.kind) {
    case 'kill':
      return stage.programs[fault.program]!.kill()
    case 'freeze':
      return stage.programs[fault.program]!.freeze(fault.ms)
    case 'restart':
      return stage.programs[fault.program]!.restart()
    case 'crash-postgres':
      return stage.crashPostgres()
    case 'empty-redis':
      await stage.emptyRedis()
      return true
    case 'flush-redis':
      await stage.flushRedis()
      return true
    case 'webhooks':
      await stage.postOffice.misbehave(fault.how, fault.ms)
      return true
    case 'clock':
      await stage.moveClock(fault.program, fault.offsetMs)
      return true
    default:
      return breakLine(stage, fault)
  }
}

async function breakLine(
  { lines }: Stage,
  fault: Fault & { kind: 'cut' | 'hang' | 'refuse' | 'slow' },
): Promise<boolean> {
  const line = lines[fault.line]
  if (line === undefined) return false
  if (fault.kind === 'cut') line.cut()
  else if (fault.kind === 'slow') await line.slow(fault.ms, fault.delayMs)
  else await line[fault.kind](fault.ms)
  return true
}
