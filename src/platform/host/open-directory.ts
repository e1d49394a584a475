/** The directory of a process: from what its topology names, and from what instances announce where it says that they do. */
import { Directory } from '../directory/directory.ts'
import { openPostgresRegistry } from '../directory/postgres-registry.ts'
import { openRedisRegistry } from '../directory/redis-registry.ts'
import type { Registry } from '../directory/registry.ts'
import type { ProcessOptions } from './open-process.ts'

/** Opens the directory, and looks once. Throws where a registry is needed and PostgreSQL has none to give. */
export async function openDirectory(
  options: ProcessOptions,
  { namespace, queueUrl }: { namespace: string; queueUrl: string | undefined },
  closers: (() => Promise<unknown>)[],
): Promise<Directory> {
  const { place, log } = options
  const elsewhere = new Map<string, readonly string[]>()
  const registered = new Set<string>()
  for (const [module, face] of place.elsewhere) {
    if (face === 'registered') registered.add(module)
    else elsewhere.set(module, face)
  }
  const isNeeded = registered.size > 0 || place.face === 'registered'
  const registry = isNeeded ? await openRegistry(options, namespace, queueUrl) : undefined
  const directory = new Directory({ elsewhere, registered, registry, log })
  closers.push(() => directory.close())
  await directory.open()
  return directory
}

async function openRegistry(
  { config, log }: ProcessOptions,
  hall: string,
  queueUrl: string | undefined,
): Promise<Registry> {
  if (config.redisUrl !== undefined) return openRedisRegistry(config.redisUrl, { hall, log })
  // Without Redis the queues have a database.
  return openPostgresRegistry(queueUrl!, hall)
}
