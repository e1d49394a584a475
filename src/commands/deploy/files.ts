/** The deployment files of a topology, as texts. */
import type { Topology } from '#platform/host/topology'
import { graph } from '../../modules.ts'
import { composeFile, composeServices, type ComposeOptions } from './compose.ts'
import { connectionsMax, kubernetesObjects, secretKeys, secretName } from './kubernetes.ts'
import { networkPolicies } from './network-policies.ts'
import { type Plan, planOf } from './plan.ts'
import { type Json, yamlDocuments } from './yaml.ts'

export type DeployOptions = Omit<ComposeOptions, 'file'> & {
  /** How the file is called where it is used. */
  file: string
}

export const composeText = (topology: Topology, options: DeployOptions): string =>
  composeFile(planOf(topology, { taken: composeServices }), options)

/** What runs, and who may reach whom, in one file. */
export function kubernetesText(topology: Topology, options: DeployOptions): string {
  const plan = planOf(topology)
  return documents([...kubernetesObjects(plan, options), ...networkPolicies(graph, plan)], headOf(plan, options))
}

/** What runs. */
export function workloadsText(topology: Topology, options: DeployOptions): string {
  const plan = planOf(topology)
  return documents(kubernetesObjects(plan, options), headOf(plan, options))
}

/** Who may reach whom. */
export function policiesText(topology: Topology, { madeBy, file }: DeployOptions): string {
  return documents(networkPolicies(graph, planOf(topology)), [
    made(madeBy),
    'Derived from src/modules.ts: whoever calls a module, or reads its journal, reaches its process, and nobody else does.',
    `  kubectl apply -f ${file}`,
  ])
}

const documents = (objects: readonly Json[], head: readonly string[]): string =>
  `${head.map((line) => `# ${line}\n`).join('')}${yamlDocuments(objects)}`

const made = (by: string): string =>
  `Made by \`npm run hall -- ${by}\`. What is changed here is lost when it is made again.`

function headOf(plan: Plan, { madeBy, file }: DeployOptions): string[] {
  const given = { HALL_SECRET: '"$(openssl rand -hex 32)"' } as Record<string, string | undefined>
  const literals = secretKeys.needed.map((key) => `--from-literal=${key}=${given[key] ?? '…'}`)
  return [
    made(madeBy),
    `What is told to no file is in the Secret ${secretName}, which must be there first (and may have ${secretKeys.optional.join(', ')}`,
    'and, for a module that has a process of its own, its …_DATABASE_URL):',
    `  kubectl create secret generic ${secretName} ${literals.join(' ')}`,
    `  kubectl apply -f ${file}`,
    `All scaled out, the programs open up to ${connectionsMax(plan)} connections to PostgreSQL.`,
    'The owner’s key is in the log of the first start of the process with the accounts, once.',
  ]
}
