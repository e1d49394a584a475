/**
 * The live answer to "where is this module?": here, at addresses that the topology names, or wherever instances of its process have
 * announced themselves. Where the registry cannot be reached, what was known last is believed: whether an instance lives, its
 * callers find out by themselves.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { portOf } from '../http/listen.ts'
import type { Log } from '../log.ts'
import { type Announced, heartbeatMs, type Registry } from './registry.ts'

/** Where the instances of a module's process are, as far as is known now. */
export type Addresses = {
  readonly list: readonly string[]
  /** Since when the list is what it is, by `performance.now()`. */
  readonly since: number
}

class LiveAddresses implements Addresses {
  list: readonly string[]
  since = performance.now()

  constructor(list: readonly string[]) {
    this.list = list
  }

  /** Returns whether that is another list than before. */
  set(list: readonly string[]): boolean {
    const sorted = list.toSorted()
    if (sorted.length === this.list.length && sorted.every((address, index) => address === this.list[index]))
      return false
    this.list = sorted
    this.since = performance.now()
    return true
  }
}

type DirectoryOptions = {
  /** Addresses that the topology names, by module. */
  elsewhere: ReadonlyMap<string, readonly string[]>
  /** Modules whose instances announce themselves. */
  registered: ReadonlySet<string>
  registry: Registry | undefined
  log: Log
}

/** How often names are looked up that may stand for several addresses. */
const lookUpMs = 5_000

export class Directory {
  readonly #addresses = new Map<string, LiveAddresses>()
  readonly #options: DirectoryOptions
  readonly #timers: NodeJS.Timeout[] = []
  readonly #seen = new Map<string, Announced>()
  #own: Omit<Announced, 'load'> | undefined
  #busy = performance.eventLoopUtilization()
  #isAway = false

  constructor(options: DirectoryOptions) {
    this.#options = options
    for (const [module, list] of options.elsewhere) this.#addresses.set(module, new LiveAddresses(list))
    for (const module of options.registered) this.#addresses.set(module, new LiveAddresses([]))
  }

  /** Where a module is that is not here; undefined where the topology does not say. */
  addressesOf(module: string): Addresses | undefined {
    return this.#addresses.get(module)
  }

  /** Looks once, and from then on now and then. */
  async open(): Promise<void> {
    const { registry, elsewhere } = this.#options
    if (registry) await this.#every(heartbeatMs, () => this.#beat(registry))
    const named = [...elsewhere].filter(([, list]) => list.some(isName))
    if (named.length > 0) await this.#every(lookUpMs, () => this.#lookUp(named))
  }

  /** Announces the own instance, until it leaves. */
  async join(own: Omit<Announced, 'load'>): Promise<void> {
    this.#own = own
    const { registry } = this.#options
    if (registry) await this.#beat(registry)
  }

  /** Nobody is to find this instance any more. Ends when all have looked since, so that none of them is about to call it. */
  async leave(): Promise<void> {
    const own = this.#own
    const { registry } = this.#options
    this.#own = undefined
    if (!own || !registry) return
    await registry.leave(own.id)
    await delay(heartbeatMs)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    await this.#options.registry?.close()
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    await work()
    this.#timers.push(setInterval(() => void work(), ms).unref())
  }

  async #beat(registry: Registry): Promise<void> {
    const { log, registered } = this.#options
    const own = this.#own
    const busy = performance.eventLoopUtilization()
    const load = Math.round(performance.eventLoopUtilization(busy, this.#busy).utilization * 100) / 100
    this.#busy = busy
    try {
      const all = await registry.renew(own && { ...own, load })
      // It left while it was being renewed.
      if (own && this.#own !== own) await registry.leave(own.id)
      for (const module of registered) {
        const there = all.filter(({ modules }) => modules.includes(module))
        this.#addresses.get(module)!.set(there.map(({ address }) => address))
      }
      this.#tellChanges(all.filter(({ modules }) => modules.some((module) => registered.has(module))))
      if (this.#isAway) log.info('the directory can be reached again')
      this.#isAway = false
    } catch (error) {
      if (!this.#isAway) log.warn({ err: error }, 'the directory cannot be reached: what was known last is believed')
      this.#isAway = true
    }
  }

  /** Tells who of those that may be called came and went since the last look. */
  #tellChanges(there: readonly Announced[]): void {
    const { log } = this.#options
    for (const instance of there) {
      if (this.#seen.has(instance.id)) continue
      this.#seen.set(instance.id, instance)
      log.info(shown(instance), 'an instance of a process has announced itself')
    }
    const ids = new Set(there.map(({ id }) => id))
    for (const [id, instance] of this.#seen) {
      if (ids.has(id)) continue
      this.#seen.delete(id)
      log.info(shown(instance), 'an instance of a process is not announced any more: it left, or missed its heartbeats')
    }
  }

  /** Such as a headless Service: a name with an address for each instance. A name with one address stays a name. */
  async #lookUp(named: readonly (readonly [string, readonly string[]])[]): Promise<void> {
    for (const [module, list] of named) {
      const found = await Promise.all(list.map(addressesAt))
      const addresses = this.#addresses.get(module)!
      if (addresses.set(found.flat()))
        this.#options.log.info({ module, addresses: addresses.list }, 'a module has other addresses')
    }
  }
}

const shown = ({ id, process, address, version }: Announced) => ({ instance: id, process, address, version })

const isName = (address: string): boolean => {
  const { hostname } = new URL(address)
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && hostname !== 'localhost'
}

async function addressesAt(address: string): Promise<string[]> {
  if (!isName(address)) return [address]
  const url = new URL(address)
  const found = await lookup(url.hostname, { all: true }).catch(() => [])
  if (found.length < 2) return [address]
  return found.map(({ address: ip, family }) => `${url.protocol}//${family === 6 ? `[${ip}]` : ip}:${portOf(url)}`)
}
