import { startCluster } from '#testing/cluster'
import type { TestProject } from 'vitest/node'

/** Starts what all test files share, once for the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { close, ...cluster } = await startCluster()
  if (cluster.redisUrl === undefined) {
    process.stderr.write('There is no redis-server on this machine: the queue tests run on PostgreSQL only.\n')
  }
  project.provide('cluster', cluster)
  return close
}

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- an interface is what can be added to
  export interface ProvidedContext {
    cluster: { databaseUrl: string; template: string; redisUrl: string | undefined }
  }
}
