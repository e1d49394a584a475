import { DrizzleQueryError } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'

test('what a failed statement was given does not stand in the log', () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const refused = Object.assign(new Error('it broke a check'), { detail: 'Failing row contains (tok_secret).' })
  const failed = new DrizzleQueryError('select $1, $2', ['a "tok_secret"', 2], refused)
  log.error({ err: failed }, 'an operation failed')
  log.error({ err: new Error('around it', { cause: failed }) }, 'an operation failed')
  log.error({ err: refused }, 'an operation failed')
  expect(lines.join('')).not.toContain('tok_secret')
  expect(lines[0]).toContain('select $1, $2')
  expect(lines[0]).toContain('it broke a check')
})

test('of a lost connection its reason stands in the log, and not the connection', () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const lost = Object.assign(new Error('terminated'), {
    code: 'ECONNRESET',
    client: { statements: 'select everything' },
  })
  log.warn({ err: lost }, 'an idle database connection was lost')
  expect(lines[0]).toContain('ECONNRESET')
  expect(lines[0]).not.toContain('select everything')
})
