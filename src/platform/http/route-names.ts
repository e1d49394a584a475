/** What requests ask for, as one of few names: what a stranger makes up must not fill anybody's memory. */
import type { Contract } from '../contract.ts'
import { metricsPath } from './operator-doors.ts'
import { queuesPath } from './queues-door.ts'

const others = 'other'

type Served = { contracts: Record<string, Contract>; webhooks: readonly { path: string }[] }

/** Makes what names the route of a URL: an operation, a page of our own, or `other`. */
export function routeNames({ contracts, webhooks }: Served, trpcPrefix: string): (url: string) => string {
  const names = new Set(['/', '/healthz', '/readyz', metricsPath, ...webhooks.map(({ path }) => path)])
  const operations = new Map<string, string>()
  for (const [module, contract] of Object.entries(contracts))
    for (const [name, { access }] of Object.entries(contract.operations))
      if (access.kind !== 'internal') operations.set(`${module}.${name}`, `${trpcPrefix}/${module}.${name}`)
  const trpc = `${trpcPrefix}/`
  return (url) => {
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    if (path.startsWith(trpc)) {
      const asked = path.slice(trpc.length)
      return operations.get(asked) ?? (asked.includes(',') ? `${trpcPrefix}/batch` : others)
    }
    if (names.has(path)) return path
    return path === queuesPath || path.startsWith(`${queuesPath}/`) ? queuesPath : others
  }
}
