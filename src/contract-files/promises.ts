/** What the modules of this tree promise, as values and as the files in which others read it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Operation, Operations } from '#platform/contract'
import type { EventDefinition } from '#platform/events/event'
import type { JobDefinition } from '#platform/events/job'
import { operatorOperations } from '#platform/operate/contract'
import type { z } from 'zod'
import { contracts } from '../contracts.ts'
import { type ModuleName, moduleNames } from '../modules.ts'
import {
  type ContractFile,
  contractsFolder,
  printContractFile,
  type PromisedEvent,
  type PromisedJob,
  type PromisedOperation,
} from './contract-file.ts'
import type { JsonSchema } from './json-schema.ts'
import { schemaOf } from './schema-of.ts'

/** A module's operations by name, and its events and jobs by the names under which its sources export them. */
export type Promised = {
  name: string
  operations: Operations
  events: Record<string, EventDefinition>
  jobs: Record<string, JobDefinition>
}

/**
 * What a module promises. All of its events and jobs, not only those that its door hands on: what is written of them outlives the
 * release, and is read by the module's next one.
 */
export async function promisedBy(module: ModuleName): Promise<Promised> {
  const folder = join(import.meta.dirname, '../modules', module)
  const exportsOf = async (file: string): Promise<Record<string, any>> =>
    existsSync(join(folder, file)) ? { ...(await import(join(folder, file))) } : {}
  const [events, jobs] = await Promise.all([exportsOf('events.ts'), exportsOf('jobs.ts')])
  return { name: module, operations: contracts[module].operations, events, jobs }
}

/** What the platform adds to each module for its operators; told once, under a name of its own. */
const platform: Promised = { name: 'platform', operations: operatorOperations, events: {}, jobs: {} }

/** All that this tree promises. */
export async function contractsOfThisTree(): Promise<ContractFile[]> {
  return [...(await Promise.all(moduleNames.map(promisedBy))), platform].map(contractFileOf)
}

/** The text of each contract file, by its path below the root. */
export const pathsAndTexts = (files: readonly ContractFile[]): Map<string, string> =>
  new Map(files.map((file) => [`${contractsFolder}/${file.module}.json`, printContractFile(file)]))

/** What a module promises, as its file keeps it. Throws where something cannot be told there. */
export function contractFileOf({ name, operations, events, jobs }: Promised): ContractFile {
  return {
    module: name,
    operations: byName(Object.entries(operations), ([operation, spec]) => [
      operation,
      operationOf(spec, `${name}.${operation}`),
    ]),
    events: byName(Object.values(events), (definition) => [definition.name, eventOf(definition)]),
    jobs: byName(Object.values(jobs), (definition) => [definition.name, jobOf(definition)]),
  }
}

const byName = <Item, Told>(items: readonly Item[], tell: (item: Item) => [string, Told]): Record<string, Told> =>
  Object.fromEntries(items.map(tell).toSorted(([one], [other]) => (one < other ? -1 : 1)))

function operationOf(spec: Operation, path: string): PromisedOperation {
  const { kind, access, reasons, undoes, secret, audited, cached } = spec
  return {
    kind,
    access,
    reasons: reasons.toSorted(),
    ...(undoes !== undefined && { undoes }),
    secret,
    audited,
    cached,
    input: told(`The input of ${path}`, () => schemaOf(spec.input, 'input')),
    output: told(`The output of ${path}`, () => schemaOf(spec.output, 'output')),
  }
}

function eventOf({ name, key, version, fact }: EventDefinition): PromisedEvent {
  return { key: fieldOf(key, name), version: fieldOf(version, name), fact: writtenAndRead(fact, name) }
}

const jobOf = ({ name, payload }: JobDefinition): PromisedJob => ({ payload: writtenAndRead(payload, name) })

/** Which field of a fact a function reads: asked of a fact each of whose fields is its own name. */
function fieldOf(read: (fact: any) => unknown, event: string): string | number {
  const field = read(new Proxy({}, { get: (_, name) => String(name) }))
  if (typeof field === 'string' || typeof field === 'number') return field
  throw new Error(`${event}: its key and its version are fields of the fact.`)
}

/** The schema of what is written by one release and read by another. */
function writtenAndRead(schema: z.ZodType, name: string): JsonSchema {
  const [written, read] = (['output', 'input'] as const).map((io) => told(name, () => schemaOf(schema, io)))
  if (isDeepStrictEqual(written, read)) return written!
  throw new Error(`${name} would be read otherwise than it is written: give it no default, make the field optional.`)
}

function told<T>(where: string, tell: () => T): T {
  try {
    return tell()
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error })
  }
}
