/**
 * Parties that take turns, in an order drawn from a seed.
 *
 * A party is all that happens because of one request, however many modules have a part in it. It waits at gates (`gates.ts`):
 * before it tells a database anything, before it asks the payment provider and before it hears the answer, and where it would
 * sleep. Whenever nothing moves any more, one party goes on to its next gate. One that waits for a lock inside PostgreSQL is at
 * no gate and moves nothing: the others go on without it. So a seed always plays the same interleaving.
 *
 * A party may die at a gate, as a process does by kill -9: it tells and hears nothing more, and its connections are lost.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import type { Chance } from '../processes/chance.ts'

export type Party = {
  readonly play: Play
  readonly name: string
  readonly rank: number
  passed: number
  isDead: boolean
  /** Whether it loses the provider's next answer. */
  isDeaf: boolean
  /** The call whose answer it loses, once. */
  loses: string | undefined
}
export type Outcome = { value: unknown } | { error: unknown } | { died: string }

type Gate = { party: Party; what: () => string; sleeps: boolean; when: () => boolean; open(lives: boolean): void }
export type GateOptions = { sleeps?: boolean; when?: () => boolean }
/** `when` it may begin, and what it loses the answer of: the provider's first one, or that to a call of checkout. */
export type PartyOptions = { when?: () => boolean; isDeaf?: boolean; loses?: string | undefined }

export type PlayOptions = {
  chance: Chance
  /** How many connections wait for a lock. */
  countBlocked(): Promise<number>
  /** The party that dies, and how many gates it passes before. */
  death?: { party: string; after: number } | undefined
}

const stage = new AsyncLocalStorage<Party>()

/** On whose behalf this code runs; undefined outside of a play. */
export const partyNow = (): Party | undefined => stage.getStore()

/** Turns of the event loop without a change after which nothing is expected to move by itself. */
const calmTurns = 3
/** How long an answer is waited for before PostgreSQL is asked whether it is a lock that it waits for. */
const answerMs = 5
/** How long something is waited for that neither ends nor waits for a lock. */
const stuckMs = 20_000
const stepsMax = 5_000
/** How likely a party keeps the turn, in percent: from turn about to one after the other, with few surprises. */
const persistences = [0, 50, 80, 95, 98]

export class Play {
  /** What was done, in its order. */
  readonly trace: string[] = []
  readonly outcomes = new Map<string, Outcome>()
  readonly #options: PlayOptions
  readonly #persistence: number
  readonly #parties: Party[] = []
  #gates: Gate[] = []
  #last: Party | undefined
  #underWay = 0
  #changes = 0
  #change = Promise.withResolvers<void>()

  constructor(options: PlayOptions) {
    this.#options = options
    this.#persistence = persistences[options.chance(0, persistences.length - 1)]!
  }

  /** Adds a party, also in the middle of the play. It waits for its turn before it begins. */
  join(
    name: string,
    work: () => Promise<unknown>,
    { when = () => true, isDeaf = false, loses }: PartyOptions = {},
  ): void {
    const party: Party = { play: this, name, rank: this.#parties.length, passed: 0, isDead: false, isDeaf, loses }
    this.#parties.push(party)
    const begin = async (): Promise<Outcome> => {
      await passGate('begins', { when })
      return work().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
    }
    void stage.run(party, begin).then((outcome) => this.#end(party, outcome))
  }

  has = (name: string): boolean => this.#parties.some((party) => party.name === name)

  hasEnded = (name: string): boolean => this.outcomes.has(name)

  /** Whether a party has done something of that name. */
  hasDone = (party: string, what: string): boolean => this.trace.some((step) => step.startsWith(`${party}: ${what}`))

  /** What a party was answered; undefined where it was refused, or died. */
  answerOf(name: string): unknown {
    const outcome = this.outcomes.get(name)
    return outcome !== undefined && 'value' in outcome ? outcome.value : undefined
  }

  /** Why a party was refused: `died` where it did, undefined where it was answered. */
  reasonOf(name: string): string | undefined {
    const outcome = this.outcomes.get(name)
    if (outcome === undefined || 'value' in outcome) return undefined
    if ('died' in outcome) return 'died'
    const { error } = outcome
    return (error as { data?: { reason?: string } }).data?.reason ?? String(error)
  }

  /** What went wrong, and is no refusal. */
  faults(): string[] {
    return [...this.outcomes].flatMap(([name, outcome]) => {
      if (!('error' in outcome)) return []
      const { reason = 'platform.internal' } = (outcome.error as { data?: { reason?: string } }).data ?? {}
      return reason === 'platform.internal' ? [`${name}: ${String(outcome.error)}`] : []
    })
  }

  /** Plays to the end of all parties. Where that fails whoever is left dies, so that nobody waits for him. */
  async run(): Promise<void> {
    try {
      await this.#playOn()
    } finally {
      for (const party of this.#parties) if (!this.outcomes.has(party.name)) this.#die(party, 'the play was given up')
    }
  }

  async #playOn(): Promise<void> {
    while (this.outcomes.size < this.#parties.length) {
      await this.#calm()
      if (this.outcomes.size === this.#parties.length) return
      const next = this.#gates.find((gate) => this.#isDeadly(gate)) ?? this.#pick()
      if (next && this.#isDeadly(next)) this.#die(next.party, next.what())
      else if (next) this.#pass(next)
      else await this.#wake()
      if (this.trace.length > stepsMax) throw new Error('The play does not end.')
    }
  }

  /** Waits for a turn. Answers false, at once, where the party has died. */
  gate(party: Party, what: () => string, { sleeps = false, when = () => true }: GateOptions = {}): Promise<boolean> {
    // What is still done on behalf of somebody who has his answer waits for nobody.
    if (this.outcomes.has(party.name)) return Promise.resolve(!party.isDead)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#gates.push({ party, what, sleeps, when, open: resolve })
    this.#moved()
    return promise
  }

  /** Something is asked of somebody else: the play goes on once it is answered, or known to wait for a lock. */
  async underWay<T>(answer: Promise<T>): Promise<T> {
    this.#underWay += 1
    try {
      return await answer
    } finally {
      this.#underWay -= 1
      this.#moved()
    }
  }

  #end(party: Party, outcome: Outcome): void {
    if (!party.isDead) this.outcomes.set(party.name, outcome)
    this.#leave(party)
  }

  #isDeadly({ party }: Gate): boolean {
    const { death } = this.#options
    return death?.party === party.name && party.passed >= death.after
  }

  #die(party: Party, what: string): void {
    party.isDead = true
    this.trace.push(`${party.name} dies before: ${what}`)
    this.outcomes.set(party.name, { died: what })
    this.#leave(party)
  }

  /** Whoever has gone waits nowhere. */
  #leave(party: Party): void {
    const left = this.#gates.filter((gate) => gate.party === party)
    this.#gates = this.#gates.filter((gate) => gate.party !== party)
    for (const gate of left) gate.open(!party.isDead)
    this.#moved()
  }

  #pass(gate: Gate): void {
    this.#gates.splice(this.#gates.indexOf(gate), 1)
    gate.party.passed += 1
    this.#last = gate.party
    this.trace.push(`${gate.party.name}: ${gate.what()}`)
    gate.open(true)
  }

  /** Whose turn it is. Who sleeps has let go of his turn. */
  #pick(): Gate | undefined {
    const ready = this.#gates.filter((gate) => gate.when())
    // What is waited for does not come any more.
    const all = (ready.length > 0 ? ready : this.#gates).toSorted((one, other) => one.party.rank - other.party.rank)
    const { chance } = this.#options
    const own = all.filter((gate) => gate.party === this.#last && !gate.sleeps)
    const among = own.length > 0 && chance(1, 100) <= this.#persistence ? own : all
    return among.length === 0 ? undefined : among[chance(0, among.length - 1)]
  }

  #moved(): void {
    this.#changes += 1
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  /** Until nothing moves: everybody is at a gate, or waits for a lock. */
  async #calm(): Promise<void> {
    for (const since = performance.now(); performance.now() - since < stuckMs;) {
      for (let calm = 0, before = this.#changes; calm < calmTurns; calm = this.#changes === before ? calm + 1 : 0) {
        before = this.#changes
        await turn()
      }
      if (this.#underWay === 0) return
      const before = this.#changes
      await Promise.race([this.#change.promise, delay(answerMs)])
      if (this.#changes !== before) continue
      if ((await this.#options.countBlocked()) >= this.#underWay && this.#changes === before) return
    }
    throw new Error('The play is stuck: what is under way does not end.')
  }

  /** Nobody is at a gate: somebody waits for a lock, a connection, or for time to pass. */
  async #wake(): Promise<void> {
    const isMoved = await Promise.race([this.#change.promise.then(() => true), delay(stuckMs, false, { ref: false })])
    if (!isMoved) throw new Error('The play is stuck: nobody moves.')
  }
}

/** Waits for a turn, for ever where the party has died. Outside of a play nobody waits. */
export async function passGate(what: string, options?: GateOptions): Promise<void> {
  const party = partyNow()
  if (party === undefined || (await party.play.gate(party, () => what, options))) return
  await new Promise<never>(() => undefined)
}
