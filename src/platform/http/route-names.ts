/** What requests ask for, as one of few names: what a stranger makes up must not fill anybody's memory. */
import { metricsPath } from './operator-doors.ts'
import { queuesPath } from './queues-door.ts'
import { trpcPrefix } from './trpc-handler.ts'

const others = 'other'

/** Makes what names the route of a URL: one of these operations, a page or webhook of our own, or `other`. */
export function routeNames(
  webhooks: readonly { path: string }[],
  operations: readonly string[],
): (url: string) => string {
  const names = new Set(['/', '/healthz', '/readyz', metricsPath, ...webhooks.map(({ path }) => path)])
  const trpc = `${trpcPrefix}/`
  const asking = new Map(operations.map((operation) => [operation, `${trpc}${operation}`]))
  return (url) => {
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    if (path.startsWith(trpc)) {
      const asked = path.slice(trpc.length)
      return asking.get(asked) ?? (asked.includes(',') ? `${trpc}batch` : others)
    }
    if (names.has(path)) return path
    return path === queuesPath || path.startsWith(`${queuesPath}/`) ? queuesPath : others
  }
}
