/**
 * One instance of a process elsewhere, as its callers know it: whether it can be reached, how busy it is, how fast it answers.
 *
 * One that cannot be reached is asked for a sign of life until it gives one: calls are not spent on finding out. One that is silent with
 * calls under way is asked too, and where it does not answer, its calls are lost, so that they can be made elsewhere.
 */
import type { Outcome } from '../calls/run.ts'
import type { Log } from '../log.ts'
import type { InstanceReading } from './counts.ts'
import { Link, type LinkOptions } from './link.ts'
import { Lost } from './pending.ts'
import type { FarCall } from './wire.ts'

/** How long an instance may be silent with calls under way before it is asked whether it lives. */
const silenceMs = 2_000
const pingMsMax = 2_000
const pauseMs = { least: 50, most: 1_000 }
/** How much of the newest latency goes into what is believed. */
const newestShare = 0.1
/** Whoever refuses because it can do no work answers fast, and must not draw all calls to itself for that. */
const unavailableMs = 1_000

export class Instance {
  readonly address: string
  readonly #link: Link
  readonly #log: Log
  readonly #watching: NodeJS.Timeout
  #latencyMs = 1
  #downSince: number | undefined
  #up: PromiseWithResolvers<void> | undefined
  #ejections = 0
  #isAsked = false
  #isRetired = false
  #isClosed = false

  constructor(options: LinkOptions & { log: Log }) {
    this.address = options.address
    this.#link = new Link(options)
    this.#log = options.log
    this.#watching = setInterval(() => void this.#watch(), silenceMs / 4).unref()
  }

  get isUp(): boolean {
    return this.#downSince === undefined
  }

  /** How long it could not be reached, in milliseconds. */
  get downMs(): number {
    return this.#downSince === undefined ? 0 : performance.now() - this.#downSince
  }

  /** Whether it is about to stop. It still answers what it is asked. */
  get isLeaving(): boolean {
    return this.#link.isLeaving
  }

  /** The lower, the sooner it will have time. */
  get load(): number {
    return (this.#link.inFlight + 1) * this.#latencyMs
  }

  /** Resolves when it can be reached again. */
  get whenUp(): Promise<void> {
    return this.#up?.promise ?? Promise.resolve()
  }

  /** Carries a call. Rejects with `Lost`. */
  async send(call: FarCall): Promise<Outcome> {
    const beganAt = performance.now()
    try {
      const outcome = await this.#link.send(call)
      const isUnavailable = !outcome.ok && outcome.failure.reason === 'platform.unavailable'
      const tookMs = isUnavailable ? unavailableMs : performance.now() - beganAt
      this.#latencyMs += (tookMs - this.#latencyMs) * newestShare
      return outcome
    } catch (error) {
      this.#isDown(error)
      throw error
    }
  }

  ping(): Promise<boolean> {
    return this.#link.ping(pingMsMax)
  }

  /** What was counted until now. */
  read(): InstanceReading {
    const state = !this.isUp ? 'down' : this.isLeaving ? 'leaving' : 'up'
    const { inFlight, counts } = this.#link
    const latencySeconds = this.#latencyMs / 1000
    return { address: this.address, state, inFlight, latencySeconds, ejections: this.#ejections, counts }
  }

  /** No call is to come any more: ends once those under way are through. */
  retire(): void {
    this.#isRetired = true
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#watching)
    await this.#link.close()
  }

  #isDown(error: unknown): void {
    if (this.#downSince !== undefined || this.#isClosed) return
    this.#downSince = performance.now()
    this.#ejections += 1
    this.#up = Promise.withResolvers()
    this.#log.warn(
      { address: this.address, err: error instanceof Lost ? error.cause : error },
      'a process cannot be reached',
    )
    void this.#askUntilUp()
  }

  async #askUntilUp(): Promise<void> {
    for (let pause = pauseMs.least; !this.#isClosed; pause = Math.min(pause * 2, pauseMs.most)) {
      if (await this.ping()) break
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())).unref())
    }
    if (this.#isClosed) return
    this.#log.info({ address: this.address, downMs: Math.round(this.downMs) }, 'a process can be reached again')
    this.#downSince = undefined
    this.#latencyMs = 1
    this.#up?.resolve()
    this.#up = undefined
  }

  async #watch(): Promise<void> {
    const link = this.#link
    if (this.#isRetired && link.inFlight === 0) return this.close()
    const isSilent = link.inFlight > 0 && performance.now() - link.heardAt > silenceMs
    if (!isSilent || this.#isAsked || !this.isUp) return
    this.#isAsked = true
    const lives = await this.ping()
    this.#isAsked = false
    if (lives) {
      link.heardAt = performance.now()
      return
    }
    this.#isDown(new Error(`It has not answered for ${silenceMs + pingMsMax} ms.`))
    link.cut()
  }
}
