/** What the documentation is made from: contracts, events and jobs as they are, and the sentences above them. */
import { join } from 'node:path'
import type { Access, Operation } from '#platform/contract'
import type { EventDefinition } from '#platform/events/event'
import type { JobDefinition } from '#platform/events/job'
import { promisedBy } from '../../src/contract-files/promises.ts'
import { graph, type ModuleName, moduleNames } from '../../src/modules.ts'
import { sentencesOfExports, sentencesOfOperations } from './sentences.ts'

export type DocumentedOperation = { name: string; spec: Operation; sentence: string }
export type DocumentedEvent = { definition: EventDefinition; sentence: string }
export type DocumentedJob = { definition: JobDefinition; sentence: string }
export type DocumentedModule = {
  name: ModuleName
  operations: DocumentedOperation[]
  events: DocumentedEvent[]
  jobs: DocumentedJob[]
}

const root = join(import.meta.dirname, '../..')

/** All modules, in the order of the graph. Throws where something promised has no sentence. */
export async function readModules(): Promise<DocumentedModule[]> {
  return Promise.all(moduleNames.map((name) => readModule(name)))
}

async function readModule(name: ModuleName): Promise<DocumentedModule> {
  const folder = join(root, 'src/modules', name)
  const promised = await promisedBy(name)
  const sentences = sentencesOfOperations(join(folder, 'contract.ts'))
  const operations = Object.entries<Operation>(promised.operations).map(([operation, spec]) => ({
    name: operation,
    spec,
    sentence: sentenceOf(sentences, operation, name),
  }))
  const events = withSentences(promised.events, join(folder, 'events.ts'))
  const jobs = withSentences(promised.jobs, join(folder, 'jobs.ts'))
  return { name, operations, events, jobs }
}

function withSentences<Definition>(
  exported: Record<string, Definition>,
  file: string,
): { definition: Definition; sentence: string }[] {
  if (Object.keys(exported).length === 0) return []
  const sentences = sentencesOfExports(file)
  const undocumented = Object.keys(exported).find((name) => !sentences.has(name))
  if (undocumented !== undefined) throw new Error(`${file}: ${undocumented} has no sentence above it.`)
  // In the order of the source: a module's namespace has an order of its own, which not every loader keeps.
  return [...sentences].flatMap(([name, sentence]) => {
    const definition = exported[name]
    return definition === undefined ? [] : [{ definition, sentence }]
  })
}

function sentenceOf(sentences: Map<string, string>, name: string, where: string): string {
  const sentence = sentences.get(name)
  if (sentence === undefined) throw new Error(`${where}: ${name} has no sentence above it that says what it is.`)
  return sentence
}

/** Who may call it, in words. */
export function accessInWords(access: Access): string {
  if (access.kind === 'anyone') return 'anyone'
  if (access.kind === 'customer') return 'signed in'
  return access.kind === 'staff' ? `\`${access.permission}\`` : 'internal'
}

type Edges = { calls: readonly string[]; listens: readonly string[]; sendsJobs: readonly string[] }

/** The declared graph with its names as plain texts. */
export const edges: Record<string, Edges> = graph
