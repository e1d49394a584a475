/** What the tests of payments share: asking by job, as orders does, and looking at the books. */
import { JobContext } from '#platform/calls/contexts'
import { jobContext } from '#platform/events/run-job'
import type { Log } from '#platform/log'
import { type Distance, owner, startTestHall, type TestHall } from '#testing/hall'
import { readCharges } from '#testing/invariants'
import { chargeChecks, moneyChecks } from '#testing/money-checks'
import { expect } from 'vitest'

export const startPayments = (distance: Distance) =>
  startTestHall({ modules: ['payments'], distance, leaseMs: 400, env: { PAYMENTS_TIMEOUT_MS: '300' } })

export const authorisation = (reference: string, source = 'card_ok') => ({
  reference,
  source,
  amount: { amountMinor: 1250, currency: 'GBP' },
})

type Request = { reference: string; request: string; amountMinor?: number; currency?: string; valueDay?: string }

/** The payload of a job that asks for an amount of the payment `r`. */
export const amountOf = (request: string, amountMinor: number, more: Partial<Request> = {}) => ({
  reference: 'r',
  request,
  amountMinor,
  currency: 'GBP',
  ...more,
})

/** Puts a job into the table of jobs, as the journal of orders brings it. */
export async function send(hall: TestHall, kind: 'capture' | 'refund' | 'cancel', payload: object): Promise<void> {
  await hall.sql(
    `insert into payments.jobs (id, name, payload, actor, correlation, state)
     values ('job_' || gen_random_uuid(), 'payments.' || $1, $2, '{"kind":"system","id":"orders"}', 'req_test', 'waiting')`,
    [kind, JSON.stringify(payload)],
  )
}

/** The assembly of payments, and a context such as its background work gets; `log` replaces the log. */
export function inside(hall: TestHall, log?: Log) {
  const { assembly, ...hosted } = hall.processes.flatMap(({ hosted: each }) => each.get('payments') ?? [])[0]!
  const runtime = log === undefined ? hosted.runtime : { ...hosted.runtime, log }
  const call = { actor: { kind: 'system' as const, id: 'payments' }, requestId: 'req_inside', key: undefined }
  return { assembly, ctx: new JobContext(runtime, jobContext(runtime, call)) }
}

/** Hands jobs of a kind to their handler together. */
export async function handTogether(hall: TestHall, kind: string, payloads: readonly object[]): Promise<void> {
  const { assembly, ctx } = inside(hall)
  const handler = assembly.jobs!.find(({ job }) => job.name === `payments.${kind}`)!
  if (!('handleAll' in handler)) throw new Error(`${kind} is not done together.`)
  await handler.handleAll(
    ctx,
    payloads.map((payload, number) => ({
      id: `job_${number}`,
      payload: handler.job.payload.parse(payload) as unknown,
    })),
  )
}

/** Runs a schedule of the process that hosts payments. */
function runSchedule(hall: TestHall, name: string) {
  const { assembly, ctx } = inside(hall)
  return assembly.schedules!.find((schedule) => schedule.name === name)!.run(ctx)
}

/** Asks the provider about attempts without a result. */
export const sweep = (hall: TestHall) => runSchedule(hall, 'resolve attempts')

/** Compares the provider's books with ours. */
export const compareBooks = (hall: TestHall) => runSchedule(hall, 'reconcile with the provider')

/** What comparing the books counts where nothing is new. */
export const nothing = { compared: 0, found: 0, resolved: 0, unavailable: 0 }

/** The open differences of the books, or the resolved ones, and how far they were compared. */
export const reconciliationOf = (hall: TestHall, resolved = false) =>
  hall.as(owner).payments.reconciliation.query({ resolved })

/** Lets the time pass for which books may differ while something is under way. */
export const letGracePass = (hall: TestHall) =>
  hall.sql(`update payments.differences set due_at = clock_timestamp() where resolved_at is null`)

/** Lets attempts be so old that the provider's books must have shown them. */
export const letRowsAge = ({ sql }: TestHall) =>
  sql(`update payments.attempts set recorded_at = recorded_at - interval '2 minutes'`)

/** The payment `r`, authorised and captured. */
export async function payOnce(hall: TestHall): Promise<void> {
  await hall.as(owner).payments.authorise.mutate(authorisation('r'))
  await send(hall, 'capture', amountOf('a', 1250))
  await hall.settle()
}

/** Makes attempts without a result as old as the sweep wants them. */
export const letTimePass = (hall: TestHall) =>
  hall.sql(`update payments.attempts set due_at = due_at - interval '1 minute', recorded_at = recorded_at - interval '1 minute'
    where status is null`)

/** Once all has settled: the books sum up, every charge has its row, every row its charge, and no claim is left. */
export async function expectBooksInOrder(hall: TestHall): Promise<void> {
  await hall.settle()
  const charges = JSON.stringify(await readCharges(hall.paymentsUrl))
  // These payments belong to no checkout.
  const checks = moneyChecks.filter(({ text }) => !text.includes('checkout'))
  for (const { says, text } of checks) expect({ says, what: await hall.sql(text) }).toEqual({ says, what: [] })
  for (const { says, text } of chargeChecks)
    expect({ says, what: await hall.sql(text, [charges]) }).toEqual({ says, what: [] })
}

/** What was announced of payments, in the order of their versions. */
export const announced = (hall: TestHall) =>
  hall
    .sql<{ name: string }>(`select name from payments.journal where name <> 'payments.audited' order by key, version`)
    .then((rows) => rows.map(({ name }) => name))

/** A payment's state and amounts. */
export async function paymentOf(hall: TestHall, reference = 'r') {
  type Row = { state: string; authorised: number; captured: number; voided: number; refunded: number }
  const [payment] = await hall.sql<Row>(
    `select state, authorised_minor::int as authorised, captured_minor::int as captured, voided_minor::int as voided,
       refunded_minor::int as refunded from payments.payments where reference = $1`,
    [reference],
  )
  return payment
}

export const refusalsOf = (hall: TestHall) =>
  hall.sql<{ id: string; reason: string }>('select id, reason from payments.refusals order by id')
