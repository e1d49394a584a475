/**
 * Loaded into a process of the hall before its program (`node --import`): its business clock goes wrong by as many milliseconds
 * as the file CHAOS_CLOCK says, from the moment that it says so. Leases and sweeps go by the database's clock and are not moved.
 */
import { readFileSync } from 'node:fs'
import { systemClock } from '../../src/platform/clock.ts'

const lookMs = 100
const file = process.env['CHAOS_CLOCK']

if (file !== undefined) {
  let offsetMs = 0
  const look = () => {
    try {
      offsetMs = Number(readFileSync(file, 'utf8')) || 0
    } catch {
      offsetMs = 0
    }
  }
  look()
  setInterval(look, lookMs).unref()
  systemClock.now = () => new Date(Date.now() + offsetMs).toISOString()
}
