import { expect, test } from 'vitest'
import { FailureLog } from './failure-log.ts'

test('a failure is told at once, and then once a minute with how often it came; another one is told beside it', () => {
  const told: object[] = []
  let now = 0
  const failures = new FailureLog({ warn: (about: object) => void told.push(about) }, () => now)
  const [away, broken] = [new Error('The database is away.'), new Error('A table is broken.')]
  for (; now < 60_000; now += 1000) failures.tell(new Error('The database is away.'), 'it failed')
  failures.tell(broken, 'it failed')
  expect(told).toEqual([{ err: away }, { err: broken }])
  failures.tell(away, 'it failed')
  expect(told).toEqual([{ err: away }, { err: broken }, { err: away, untold: 59 }])
  now += 60_000
  failures.tell(away, 'it failed')
  expect(told.at(-1)).toEqual({ err: away })
})
