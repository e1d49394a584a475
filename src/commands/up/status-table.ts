/** What runs of a topology, as a table for somebody who watches. */
import { moduleNames } from '../../modules.ts'
import { tableOf } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { Child } from './child.ts'

/** What changes together is shown together. */
const gatherMs = 300

const heads = ['process', 'modules', 'pid', 'address', 'state', 'restarts']

export type StatusTable = {
  show(): void
  /** Shows it in a moment. */
  changed(): void
}

export function createStatusTable(children: readonly Child[], { err }: Pick<Terminal, 'err'>): StatusTable {
  let soon: NodeJS.Timeout | undefined
  const show = () => {
    clearTimeout(soon)
    soon = undefined
    err(`\n${tableOf([heads, ...children.map(rowOf)]).join('\n')}\n\n`)
  }
  return {
    show,
    changed() {
      soon ??= setTimeout(show, gatherMs).unref()
    },
  }
}

const hosted = (modules: readonly string[]): string =>
  modules.length === moduleNames.length ? 'all' : modules.join(' ') || '-'

function rowOf({ planned: { name, modules }, status: { pid, address, state, restarts } }: Child): string[] {
  return [name, hosted(modules), String(pid ?? '-'), address ?? '-', state, String(restarts)]
}
