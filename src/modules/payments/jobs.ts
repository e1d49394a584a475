import { job } from '#platform/events/job'
import { text } from '#platform/values'
import { z } from 'zod'

/** Asks the provider what became of an attempt, and records it. */
export const resolveAttempt = job('payments.resolveAttempt', z.strictObject({ attemptId: text({ max: 200 }) }))
