/** The operations that the platform adds to every module: its journal, asked for as a listener does. */
import type { Outcome } from '#platform/calls/run'
import { moduleNames } from '../../src/modules.ts'
import type { Lockstep } from './lockstep.ts'

const listener = 'audit'
const inputs = [
  { lane: 0, position: 0, limit: 1000 },
  { lane: 3, position: 1, limit: 2 },
  { lane: 0, position: -1, limit: 1 },
  {},
  null,
]

export async function compareJournals(halls: Lockstep): Promise<void> {
  for (const source of moduleNames.filter((name) => name !== listener)) {
    await readAlike(halls, { source, name: 'journalHeads', input: {} })
    for (const input of inputs) await readAlike(halls, { source, name: 'journalAfter', input })
  }
}

async function readAlike(
  halls: Lockstep,
  { source, name, input }: { source: string; name: string; input: unknown },
): Promise<void> {
  const path = `${source}.${name}`
  await halls.same(`${path} ${JSON.stringify(input)}`, async ({ processes }) => {
    const { dispatch } = processes.find(({ hosted }) => hosted.has(listener))!
    const outcome = await dispatch(
      { module: source, name, path, kind: 'query', undoes: false },
      contextOfListener(),
      input,
    )
    return timeless(outcome)
  })
}

const contextOfListener = () => ({
  actor: { kind: 'system' as const, id: listener },
  caller: listener,
  requestId: 'req_of-the-listener',
  traceparent: undefined,
  deadlineAt: Date.now() + 30_000,
  key: undefined,
  undoesKey: undefined,
  signal: undefined,
})

/** When an event was announced is the database's time. */
const timeless = (outcome: Outcome): unknown =>
  JSON.parse(JSON.stringify(outcome), (key, value: unknown) => (key === 'announcedAt' ? 'the database knows' : value))
