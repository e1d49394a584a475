/**
 * The read cache: what guests were answered, by the URL that they asked, kept in memory for as long as nothing has changed.
 *
 * An answer carries the stamps of its modules' journals, read before the module was asked. It is given again only where a
 * reading that began a moment ago found the same stamps: so it is never older than that moment, wherever and by whomever
 * something was changed. A change that does not announce an event would be missed, which is why the contract says
 * `cached` of each operation.
 */
import { BoundedMap } from '../bounded-map.ts'
import type { Contract } from '../contract.ts'
import type { JournalHeads } from '../events/journal.ts'
import { JournalWatch } from './journal-watch.ts'

export type ReadCacheOptions = {
  contracts: Record<string, Contract>
  /** The modules whose journals the gateway may read. */
  listens: readonly string[]
  heads(module: string): Promise<JournalHeads>
  /** How old an answer may be, in milliseconds. */
  checkMs?: number
  bytesMax?: number
  /** A clock that never goes back, in milliseconds. */
  now?(): number
}

/** The modules that an answer comes from, with what their journals looked like before they were asked. */
export type Stamps = readonly { watch: JournalWatch; stamp: string }[]

export type KeptAnswer = { body: Buffer; stamps: Stamps }

const checkMsDefault = 250
const bytesMaxDefault = 16 * 1024 * 1024
/** About what an answer costs besides its body and URL. */
const overheadBytes = 500

export class ReadCache {
  readonly #watches: ReadonlyMap<string, JournalWatch>
  readonly #answers: BoundedMap<string, KeptAnswer>

  /** Throws where an operation is `cached` and the gateway does not listen to its module. */
  constructor(options: ReadCacheOptions) {
    const { contracts, listens, heads, checkMs = checkMsDefault, now = () => performance.now() } = options
    const modules = Object.values(contracts).filter(({ operations }) =>
      Object.values(operations).some(({ cached }) => cached),
    )
    const unheard = modules.find(({ name }) => !listens.includes(name))
    if (unheard)
      throw new Error(`The gateway keeps answers of ${unheard.name}, so the graph must let it listen to that.`)
    this.#watches = new Map(
      modules.map(({ name }) => [name, new JournalWatch({ heads: () => heads(name), checkMs, now })]),
    )
    this.#answers = new BoundedMap(options.bytesMax ?? bytesMaxDefault)
  }

  get bytes(): number {
    return this.#answers.weight
  }

  /** What was answered to this URL; whether it is still right is another question. */
  find(url: string): KeptAnswer | undefined {
    return this.#answers.get(url)
  }

  /** Whether the answer is right now, as far as is known without asking anybody; undefined where it is not known. */
  isRight({ stamps }: KeptAnswer): boolean | undefined {
    for (const { watch, stamp } of stamps) {
      const { current } = watch
      if (current === undefined) return undefined
      if (current.stamp !== stamp) return false
    }
    return true
  }

  /** Whether the answer is right, by journals that are read now where that is necessary. */
  async check(answer: KeptAnswer): Promise<boolean> {
    await Promise.all(answer.stamps.map(({ watch }) => watch.stamp()))
    return this.isRight(answer) ?? false
  }

  /** The stamps of the modules, to be read before they are asked; undefined where the answer could not be kept. */
  async stamps(modules: Iterable<string>): Promise<Stamps | undefined> {
    const read = [...new Set(modules)].map(async (module) => {
      const watch = this.#watches.get(module)
      const stamp = await watch?.stamp()
      return watch === undefined || stamp === undefined ? [] : [{ watch, stamp }]
    })
    const stamps = await Promise.all(read)
    return stamps.length > 0 && stamps.every(({ length }) => length > 0) ? stamps.flat() : undefined
  }

  keep(url: string, answer: KeptAnswer): void {
    this.#answers.set(url, answer, answer.body.length + 2 * url.length + overheadBytes)
  }

  /** A module has committed something in this process. */
  committed(module: string): void {
    this.#watches.get(module)?.committed()
  }
}
