/**
 * A process of the events benchmark, told what to do by its parent: an announcer, a worker that does all that follows, or a
 * sequencer and a listener with the queues between them; and the same of the plain queue.
 */
import { readConfig } from '#platform/config'
import { allDuties, type Duties, noDuties } from '#platform/events/duties'
import { openProcess } from '#platform/host/open-process'
import { randomIds } from '#platform/ids'
import { createLog } from '#platform/log'
import { ANNOUNCER, inputOf, STALLS, stallsDefinition } from './events/stalls.ts'
import { openPlainQueue, workPlainQueues } from './events/plain-queue.ts'
import type { Announcing, Order, Role } from './events/children.ts'

type Program = { announce(isKeyed: boolean): Promise<void>; close(): Promise<void> }

const deadlineMs = 60_000
const dutiesOf: Readonly<Record<string, Duties>> = {
  worker: allDuties,
  sequencer: new Set(['events'] as const),
  listener: new Set(['queues'] as const),
}

async function openHall(role: Role): Promise<Program> {
  const config = readConfig(settings)
  const duties = dutiesOf[role] ?? noDuties
  const modules = duties === noDuties ? [ANNOUNCER] : STALLS
  const hall = await openProcess({
    config,
    log: createLog({ level: config.logLevel, name: role }),
    definition: stallsDefinition(),
    place: { process: role, modules, gateway: false, face: undefined, elsewhere: new Map() },
    duties,
  })
  const route = {
    module: ANNOUNCER,
    name: 'happen',
    path: `${ANNOUNCER}.happen`,
    kind: 'command' as const,
    undoes: false,
  }
  return {
    close: () => hall.close(),
    async announce(isKeyed) {
      const id = randomIds('ord', { module: ANNOUNCER, requestId: '' })
      const context = {
        actor: { kind: 'system' as const, id: 'bench' },
        caller: 'bench',
        requestId: `req_${id}`,
        traceparent: undefined,
        deadlineAt: Date.now() + deadlineMs,
        key: isKeyed ? id : undefined,
        undoesKey: undefined,
        signal: undefined,
      }
      const outcome = await hall.dispatch(route, context, inputOf(id))
      if (!outcome.ok) throw new Error(outcome.failure.message)
    },
  }
}

async function openPlain(role: Role): Promise<Program> {
  const config = readConfig(settings)
  const options = { databaseUrl: config.databaseUrl!, redisUrl: config.redisUrl }
  if (role === 'plain announcer') return openPlainQueue(options)
  return {
    ...(await workPlainQueues(options)),
    announce: () => Promise.reject(new Error('A worker announces nothing.')),
  }
}

const [role, settings] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown) as [
  Role,
  Record<string, string>,
]
const program = await (role.startsWith('plain') ? openPlain(role) : openHall(role))

async function obey({ count, sideBySide, isKeyed }: Announcing): Promise<void> {
  let left = count
  const announcer = async () => {
    for (; left > 0;) {
      left -= 1
      await program.announce(isKeyed)
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, announcer))
}

process.on('message', (order: Order) => {
  const done = order.do === 'close' ? program.close() : obey(order)
  done.then(
    () => process.send!({ done: order.id }, () => order.do === 'close' && process.exit(0)),
    (error: unknown) => process.send!({ failed: order.id, why: String(error) }),
  )
})
process.on('disconnect', () => process.exit(1))
process.send!({ done: 0 })
