/**
 * What the platform adds to every module for those who operate the hall: what failed for good, and what to do about it; making again
 * what is made of events; what goes to and fro.
 *
 * They are operations as all others are: reached by the same doors, near and far, audited, safe to repeat.
 */
import { z } from 'zod'
import { command, type Contract, query, staff } from '../contract.ts'
import { integer } from '../values.ts'

/** Who may see and steer what failed, rebuild, and see the traffic. */
export const operate = 'hall:operate'

const idTextMax = 300
const becauseTextMax = 500

/** `event:<source>:<lane>:<position>`, `job:<id>` or `saga:<id>`. */
const deadId = z
  .string()
  .max(idTextMax)
  .regex(
    /^(event:[a-z]+:\d{1,5}:\d{1,15}|(job|saga):[A-Za-z0-9_:-]+)$/,
    'such as event:<module>:3:118, job:job_… or saga:sag_…',
  )

const deadLetter = z.strictObject({
  id: z.string(),
  kind: z.enum(['event', 'job', 'saga']),
  /** The event's, the job's or the operation's name. */
  name: z.string(),
  /** The key whose order is kept; of a job or saga its own id. */
  key: z.string(),
  reason: z.string(),
  attempts: z.int(),
  since: z.string(),
  /** How many later events of the key wait behind it. */
  behind: z.int(),
})
export type DeadLetter = z.infer<typeof deadLetter>

const notFound = 'platform.not_dead'
const notFirst = 'platform.not_first'

const outcome = z.strictObject({
  /** How many events were applied: it and what stood behind it. Jobs and sagas go on in the background. */
  applied: z.int(),
  /** Where one failed again: which, and why. The rest stays behind it. */
  failedAgain: z.strictObject({ id: z.string(), reason: z.string() }).nullable(),
})
export type RetryOutcome = z.infer<typeof outcome>

/** Rows that one side has and the other has not: how many, and the beginnings of a few as JSON, without what is sensitive. */
const side = z.strictObject({ rows: z.int(), samples: z.array(z.string()) })

const rebuildId = z
  .string()
  .max(idTextMax)
  .regex(/^reb_[A-Za-z0-9_:-]+$/, 'such as reb_…')

const rebuildView = z.strictObject({
  id: z.string(),
  /** `swapped`: the tables were made again. `compared`: a dry run has ended. */
  state: z.enum(['running', 'swapped', 'compared', 'failed']),
  dryRun: z.boolean(),
  /** How many events are applied, of how many. */
  applied: z.int(),
  total: z.int(),
  /** What a dry run found, by table; of parked events only which. */
  differences: z.array(z.strictObject({ table: z.string(), onlyLive: side, onlyRebuilt: side })),
  failure: z.string().nullable(),
  since: z.string(),
})

const countedCalls = z.strictObject({
  /** A module, `gateway`, or `clients`: the world outside, all together. */
  caller: z.string(),
  module: z.string(),
  operation: z.string(),
  calls: z.int(),
  /** How long they took as the caller saw it, in microseconds. */
  totalMicros: z.int(),
  microsMax: z.int(),
})

const ofProcess = {
  /** Another one for each start of a process. */
  process: z.string(),
  since: z.string(),
  calls: z.array(countedCalls),
  /** What came from other processes since then: calls, and the requests that they shared. */
  arrived: z.strictObject({ requests: z.int(), calls: z.int() }),
}

const trafficTold = z.strictObject({
  ...ofProcess,
  passed: z.array(z.strictObject({ source: z.string(), events: z.int() })),
  /** Asked at the gateway: its own process, and every instance of the module's that is elsewhere. */
  processes: z.array(z.strictObject(ofProcess)).optional(),
  /** The addresses of those that did not answer. */
  silent: z.array(z.string()).optional(),
})
export type TrafficTold = z.infer<typeof trafficTold>

export const operatorOperations = {
  /** What failed for good in this module, oldest first: parked events (the first of each key), failed jobs, parked sagas. */
  deadList: query({
    access: staff(operate),
    input: z.strictObject({ limit: integer(1, 200).optional() }),
    output: z.strictObject({ dead: z.array(deadLetter) }),
  }),
  /** One of them with its stack and its content as JSON text, without what is sensitive. */
  deadShow: query({
    access: staff(operate),
    input: z.strictObject({ id: deadId }),
    output: deadLetter.extend({ stack: z.string().nullable(), content: z.string() }),
    reasons: [notFound],
  }),
  /** Tries it again: an event now, and then what stands behind it, in order; a job or saga in the background. */
  deadRetry: command({
    access: staff(operate),
    input: z.strictObject({ id: deadId }),
    output: outcome,
    reasons: [notFound, notFirst],
  }),
  /** Gives it up, for a reason that the audit keeps: an event is passed over and what stands behind it is applied. */
  deadSkip: command({
    access: staff(operate),
    input: z.strictObject({ id: deadId, because: z.string().trim().min(1).max(becauseTextMax) }),
    output: outcome,
    reasons: [notFound, notFirst],
  }),
  /**
   * Makes the module's tables again from the journals, beside the live ones, which they replace in the end; a dry run only tells what
   * differs. It goes on in the background.
   */
  rebuild: command({
    access: staff(operate),
    input: z.strictObject({ dryRun: z.boolean().optional() }),
    output: z.strictObject({ id: z.string() }),
    reasons: ['platform.not_rebuildable', 'platform.rebuilding'],
  }),
  /** How a rebuild stands; the newest unless told. */
  rebuildShow: query({
    access: staff(operate),
    input: z.strictObject({ id: rebuildId.optional() }),
    output: rebuildView,
    reasons: ['platform.unknown_rebuild'],
  }),
  /**
   * What was called from the process that answers since it began, by every caller there (so modules of one process tell the
   * same), and how many events of each source this module has passed, ever.
   */
  traffic: query({
    access: staff(operate),
    input: z.strictObject({}),
    output: trafficTold,
  }),
}
export type OperatorOperations = typeof operatorOperations

/** The contracts of a hall with what the platform adds to each: what a gateway answers and a client may ask. */
export const withOperatorOperations = <Contracts extends Record<string, Contract>>(contracts: Contracts) =>
  Object.fromEntries(
    Object.entries(contracts).map(([name, contract]) => [
      name,
      { ...contract, operations: { ...contract.operations, ...operatorOperations } },
    ]),
  ) as unknown as {
    [Name in keyof Contracts]: {
      name: Contracts[Name]['name']
      operations: Contracts[Name]['operations'] & OperatorOperations
    }
  }
