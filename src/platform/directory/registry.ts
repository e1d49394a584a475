/**
 * Where instances of processes announce themselves, under leases: whoever misses his heartbeats is gone, and whoever is about to stop leaves
 * first. Beside the queues, in the same PostgreSQL or Redis.
 */

/** An instance of a process, as it announces itself. */
export type Announced = {
  id: string
  process: string
  modules: readonly string[]
  /** Its internal face, as others reach it. */
  address: string
  version: string
  /** How busy its event loop was since the last heartbeat, from 0 to 1. For people: callers know better how busy it is to them. */
  load: number
}

export type Registry = {
  /** Renews the own lease, where an own instance is given, and answers all who hold one. */
  renew(own: Announced | undefined): Promise<Announced[]>
  leave(id: string): Promise<void>
  close(): Promise<void>
}

export const leaseMs = 6_000
export const heartbeatMs = 1_500
