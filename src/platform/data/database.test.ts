import { expect, test } from 'vitest'
import { isConnectionLoss } from './database.ts'

const withCode = (code: string) => Object.assign(new Error('it failed'), { code })

test('what another time may go well is no fault of the statement: an event is not parked for it', () => {
  const gone = new Error('Client has encountered a connection error and is not queryable')
  for (const error of [withCode('53300'), withCode('53100'), withCode('57P01'), withCode('08006'), gone])
    expect(isConnectionLoss(new Error('Failed query', { cause: error }))).toBe(true)
  for (const error of [withCode('23505'), withCode('40P01'), new Error('no')])
    expect(isConnectionLoss(error)).toBe(false)
})
