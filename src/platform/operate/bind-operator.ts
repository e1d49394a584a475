/** Binds what the platform adds to every module to the module's own tables and listeners. */
import type { ModuleAssembly } from '../calls/implement.ts'
import { bindOperations, type BoundOperation, type ModuleRuntime } from '../calls/operation.ts'
import { listeningOf } from '../events/apply.ts'
import { operatorOperations } from './contract.ts'
import { deadLetterHandlers } from './dead-letters.ts'
import { rebuildHandlers } from './rebuilds.ts'
import { trafficHandlers } from './traffic.ts'

export function bindOperator(runtime: ModuleRuntime, assembly: ModuleAssembly): Map<string, BoundOperation> {
  const contract = { name: runtime.name, operations: operatorOperations }
  const listening = listeningOf(runtime.name, assembly.listeners ?? [])
  const handlers = {
    ...deadLetterHandlers(runtime, listening),
    ...rebuildHandlers(runtime, assembly),
    ...trafficHandlers(runtime),
  }
  return bindOperations({ contract, handlers: handlers as never }, runtime)
}
