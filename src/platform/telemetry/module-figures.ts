/**
 * The databases, events, jobs and sagas of the modules here, read from their tables when somebody asks: from each with one query, and
 * what it has to hear yet also from its sources. What does not come in time is left out, and told of as such: it keeps no
 * scrape waiting, and is not asked for again before it has come.
 */
import type { ModuleDatabase } from '../data/database.ts'
import { type Backlog, backlogOf } from '../events/backlog.ts'
import type { JournalReader } from '../events/follower.ts'
import { journalAfter } from '../events/journal.ts'
import { inTime, OpenQuestions } from '../in-time.ts'
import { counter, type Family, type Figures, gauge, type Labels } from './family.ts'

/** A module here, and those whose journals it reads. */
export type Watched = { module: string; database: ModuleDatabase; reader: JournalReader; sources: readonly string[] }

/** What a listener has to hear yet of a source. */
type Lag = { module: string; source: string; events: number; seconds: number }

const patienceMs = 1_000

/** Makes what looks, and tells what it saw then. */
export function moduleFigures(watched: () => readonly Watched[]): Figures {
  const questions = new OpenQuestions()
  const answer = <Found>(name: string, question: () => Promise<Found>) =>
    inTime(questions.ask(name, question), patienceMs)
  let backlogs = new Map<string, Backlog>()
  let lags: readonly Lag[] = []
  const look = async () => {
    const all = watched()
    const read = await Promise.all(
      all.map(async ({ module, database }) => [module, await answer(module, () => backlogOf(database))] as const),
    )
    backlogs = new Map(read.flatMap(([module, backlog]) => (backlog === undefined ? [] : [[module, backlog] as const])))
    const here = new Map(all.map(({ module, database }) => [module, database]))
    const behind = all.flatMap((listener) =>
      listener.sources.map((source) =>
        answer(`${listener.module} ${source}`, () => lagOf(listener, source, { backlogs, here })),
      ),
    )
    lags = (await Promise.all(behind)).filter((lag) => lag !== undefined)
  }
  const ofBacklogs = (value: (backlog: Backlog) => number) => () =>
    [...backlogs].map(([module, backlog]) => [{ module }, value(backlog)] as const)
  const ofLags = (value: (lag: Lag) => number) => () =>
    lags.map((lag) => [{ module: lag.module, source: lag.source }, value(lag)] as const)
  return {
    look,
    families: [
      gauge('markethall_database_up', 'Whether the database of a module answered this scrape in time.', () =>
        watched().map(({ module }) => [{ module }, backlogs.has(module) ? 1 : 0]),
      ),
      ...poolFamilies(watched),
      ...backlogFamilies(ofBacklogs),
      gauge('markethall_events_parked', 'Events of a source that failed for good, and those behind them.', () =>
        [...backlogs].flatMap(([module, { parked }]) =>
          parked.map(({ source, events }) => [{ module, source }, events] as const),
        ),
      ),
      gauge(
        'markethall_listener_behind_events',
        'Events of a source that a listener has not passed yet.',
        ofLags(({ events }) => events),
      ),
      gauge(
        'markethall_listener_behind_seconds',
        'How long ago the first of these was announced.',
        ofLags(({ seconds }) => seconds),
      ),
    ],
  }
}

type OfBacklogs = (value: (backlog: Backlog) => number) => Parameters<typeof counter>[2]

const backlogFamilies = (of: OfBacklogs): Family[] => [
  counter(
    'markethall_journal_events_total',
    'Events that have their place in the journal of a module.',
    of(({ lanes }) => lanes.reduce((sum, { head }) => sum + head, 0)),
  ),
  gauge(
    'markethall_journal_unsequenced_events',
    'Events that were announced and have no place yet.',
    of(({ unsequenced }) => unsequenced),
  ),
  gauge(
    'markethall_journal_unsequenced_seconds',
    'How long ago the first of these was announced.',
    of(({ unsequencedSeconds }) => unsequencedSeconds),
  ),
  gauge(
    'markethall_jobs_waiting',
    'Jobs that are not done yet, be they due or not.',
    of(({ jobsWaiting }) => jobsWaiting),
  ),
  gauge(
    'markethall_jobs_due',
    'Of these those that are due.',
    of(({ jobsDue }) => jobsDue),
  ),
  gauge(
    'markethall_jobs_due_seconds',
    'How long the first of these has been due.',
    of(({ jobsDueSeconds }) => jobsDueSeconds),
  ),
  gauge(
    'markethall_jobs_failed',
    'Jobs that failed for good.',
    of(({ jobsFailed }) => jobsFailed),
  ),
  gauge(
    'markethall_sagas_open',
    'Sagas that have not come to their end.',
    of(({ sagasOpen }) => sagasOpen),
  ),
  gauge(
    'markethall_sagas_parked',
    'Sagas that wait for a person.',
    of(({ sagasParked }) => sagasParked),
  ),
]

function poolFamilies(watched: () => readonly Watched[]): Family[] {
  const of = (value: (pool: ModuleDatabase['pool']) => number) => () =>
    watched().map(({ module, database }) => [{ module }, value(database.pool)] as const)
  return [
    gauge('markethall_database_connections', 'Connections of a module to its database by state.', () =>
      watched().flatMap(({ module, database: { pool } }): (readonly [Labels, number])[] => [
        [{ module, state: 'idle' }, pool.idleCount],
        [{ module, state: 'busy' }, pool.totalCount - pool.idleCount],
      ]),
    ),
    gauge(
      'markethall_database_connections_max',
      'How many it may have.',
      of(({ options }) => options.max),
    ),
    gauge(
      'markethall_database_waiting',
      'Who waits for one of them.',
      of(({ waitingCount }) => waitingCount),
    ),
  ]
}

/** What a listener has to hear yet; undefined where its own cursors or its source's heads are not known. */
async function lagOf(
  { module, reader }: Watched,
  source: string,
  { backlogs, here }: { backlogs: ReadonlyMap<string, Backlog>; here: ReadonlyMap<string, ModuleDatabase> },
): Promise<Lag | undefined> {
  const own = backlogs.get(module)
  const near = here.get(source)
  if (own === undefined || (near !== undefined && !backlogs.has(source))) return undefined
  const enough = AbortSignal.timeout(patienceMs)
  const lanes = near === undefined ? (await reader.heads(source, enough)).lanes : backlogs.get(source)!.lanes
  const behind = lanes.flatMap(({ lane, head }) => {
    const { position = 0 } = own.cursors.find((cursor) => cursor.source === source && cursor.lane === lane) ?? {}
    return head > position ? [{ lane, position, events: head - position }] : []
  })
  const firsts = await Promise.all(
    behind.map(async ({ lane, position }) => {
      const from = { lane, position, limit: 1 }
      const [first] =
        near === undefined ? await reader.after(source, from, enough) : (await journalAfter(near, from)).events
      return first === undefined ? Date.now() : Date.parse(first.announcedAt)
    }),
  )
  const now = Date.now()
  return {
    module,
    source,
    events: behind.reduce((sum, { events }) => sum + events, 0),
    seconds: Math.max(0, ...firsts.map((announcedAt) => (now - announcedAt) / 1000)),
  }
}
