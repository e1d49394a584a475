/**
 * A race: one scene, played in hundreds of different interleavings, each drawn from a seed. What must be true is asked of each
 * play by itself, and of the whole hall every so many plays.
 */
import { type Chance, createChance } from '../processes/chance.ts'
import { expectWhole } from '../shop.ts'
import type { Arena } from './arena.ts'
import { Play, type PlayOptions } from './play.ts'

/** How long a race may take on a machine that has much else to do. */
export const raceMsMax = 240_000

export type Scene = { arena: Arena; chance: Chance; play: Play; seed: number }
/** Sets a scene: who takes part. Returns what must be true once all is settled. */
export type Scenario = (scene: Scene) => Promise<() => Promise<void>>

export type RaceOptions = {
  /** The first seed. */
  from?: number
  /** How many different interleavings are played. */
  different?: number
  /** After how many plays the hall is looked at. */
  every?: number
  /** Who dies, and after how many gates. */
  death?(seed: number): PlayOptions['death']
}

type Played = { seed: number; play: Play; verdict: () => Promise<void> }

/** Plays a scenario until so many different interleavings were seen. Fails with the seed that plays it again. */
export async function race(arena: Arena, scenario: Scenario, options: RaceOptions = {}): Promise<Set<string>> {
  const { from = 1, different = 200, every = 50 } = options
  const seen = new Set<string>()
  let played: Played[] = []
  for (let seed = from; seen.size < different; seed += 1) {
    if (seed - from > different * 2) throw new Error(`Of ${seed - from} plays only ${seen.size} were different.`)
    const chance = createChance(seed)
    const play = new Play({ chance, countBlocked: arena.countBlocked, death: options.death?.(seed) })
    const verdict = await scenario({ arena, chance, play, seed })
    await play.run().catch((error: unknown) => failAt({ seed, play }, error))
    seen.add(play.trace.join('\n'))
    played.push({ seed, play, verdict })
    if (played.length < every && seen.size < different) continue
    await lookAt(arena, played)
    played = []
  }
  return seen
}

async function lookAt(arena: Arena, played: readonly Played[]): Promise<void> {
  await arena.finish('whole')
  for (const { play, verdict, ...each } of played) {
    const faults = play.faults()
    if (faults.length > 0) failAt({ ...each, play }, new Error(faults.join('\n')))
    await verdict().catch((error: unknown) => failAt({ ...each, play }, error))
  }
  await expectWhole(arena.hall).catch((error: unknown) => {
    const { actual } = error as { actual?: unknown }
    const broken = Array.isArray(actual) ? actual.join('\n') : String(error)
    throw new Error(`After the seeds ${played[0]!.seed} to ${played.at(-1)!.seed}: ${broken}`, { cause: error })
  })
}

function failAt({ seed, play }: Pick<Played, 'seed' | 'play'>, error: unknown): never {
  if (!(error instanceof Error)) throw error
  const again = `{ from: ${seed}, different: 1 } plays it again`
  error.message += `\n\nThis was seed ${seed}; ${again}. Its last steps:\n${play.trace.slice(-80).join('\n')}`
  throw error
}
