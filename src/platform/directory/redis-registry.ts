/** The registry in Redis. Leases are on its clock. */
import { Redis } from 'ioredis'
import type { Log } from '../log.ts'
import { type Announced, leaseMs, type Registry } from './registry.ts'

const commandMsMax = 5_000

/** KEYS: leases by instance, what they announce; ARGV: the lease in milliseconds, the own id and announcement, or nothing. */
const renew = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if ARGV[2] then
    redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
  end
  return redis.call('HVALS', KEYS[2])`

/** Opens the registry. `hall` tells halls apart that share a Redis. One that does not answer yet is asked again with each heartbeat. */
export function openRedisRegistry(url: string, { hall, log }: { hall: string; log: Log }): Registry {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: commandMsMax })
  redis.on('error', (error) => log.debug({ err: error }, 'the directory in Redis cannot be reached'))
  const keys = [`${hall}:directory:leases`, `${hall}:directory:instances`]
  return {
    async renew(own) {
      const announced = own === undefined ? [] : [own.id, JSON.stringify(own)]
      const all = (await redis.eval(renew, keys.length, ...keys, leaseMs, ...announced)) as string[]
      return all.map((text) => JSON.parse(text) as Announced)
    },
    async leave(id) {
      await redis.multi().zrem(keys[0]!, id).hdel(keys[1]!, id).exec()
    },
    async close() {
      redis.disconnect()
    },
  }
}
