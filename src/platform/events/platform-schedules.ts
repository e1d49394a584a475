/** What the platform itself does now and then in every module: it forgets what has expired, and makes the months to come. */
import type { ModuleDatabase } from '../data/database.ts'
import type { Schedule } from './job.ts'
import { makePartitions } from './journal-partitions.ts'
import { forgetExpired } from './retention.ts'

export const platformSchedules = (database: ModuleDatabase): Schedule[] => [
  { name: 'forget what has expired', everyMs: 10 * 60_000, run: () => forgetExpired(database) },
  { name: 'make the partitions of the journal', everyMs: 60 * 60_000, run: () => makePartitions(database) },
]
