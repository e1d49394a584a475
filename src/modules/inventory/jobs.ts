import { job } from '#platform/events/job'
import { text } from '#platform/values'
import { z } from 'zod'

const order = z.strictObject({ reference: text({ max: 100 }) })

/** Takes what was promised to a reference off the stock: it has left the house. */
export const commitStock = job('inventory.commitStock', order)

/** Frees what was promised to a reference: its order was cancelled. */
export const freeStock = job('inventory.freeStock', order)
