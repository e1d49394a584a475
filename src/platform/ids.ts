/** Ids: a prefix that says what they name, and a UUIDv7, so that they sort by the time they were made. */
import { createHash, randomUUIDv7 } from 'node:crypto'

/** Makes an id with a prefix, such as `ord_0199…`, for a module within a request. */
export type NewId = (prefix: string, scope: IdScope) => string
export type IdScope = { module: string; requestId: string }

export const randomIds: NewId = (prefix) => `${prefix}_${randomUUIDv7()}`

/**
 * Ids for tests: derived from module, request and a count, so that two halls that are asked the same in lockstep make
 * the same ids, however their modules are placed.
 */
export function derivedIds(): NewId {
  const counts = new Map<string, number>()
  return (prefix, { module, requestId }) => {
    const scope = `${module}|${requestId}|${prefix}`
    const count = (counts.get(scope) ?? 0) + 1
    counts.set(scope, count)
    const hex = createHash('sha256').update(`${scope}|${count}`).digest('hex')
    return `${prefix}_${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }
}
