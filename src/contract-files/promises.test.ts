import { audited, event } from '#platform/events/event'
import { job } from '#platform/events/job'
import { command, query, staff, anyone } from '#platform/contract'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { printContractFile, readContractFile } from './contract-file.ts'
import { contractFileOf, contractsOfThisTree } from './promises.ts'

const nothing = { operations: {}, events: {}, jobs: {} }
const empty = z.strictObject({})

test('a module’s file names what it promises, in the order of names', () => {
  const shown = query({ access: anyone, cached: true, input: empty, output: empty })
  const made = command({ access: staff('m:write'), input: empty, output: empty, reasons: ['m.two', 'm.one'] })
  const file = contractFileOf({ ...nothing, name: 'm', operations: { shown, made }, events: { audited: audited('m') } })
  expect(Object.keys(file.operations)).toEqual(['made', 'shown'])
  expect(file.operations['made']).toMatchObject({ kind: 'command', reasons: ['m.one', 'm.two'], audited: true })
  expect(file.events['m.audited']).toMatchObject({ key: 'record', version: 1, fact: { type: 'object' } })
  expect(readContractFile(printContractFile(file))).toEqual(file)
})

test('a file says in a line what fits into one, and nothing that is not so', () => {
  const shown = query({ access: anyone, input: empty, output: empty })
  const text = printContractFile(contractFileOf({ ...nothing, name: 'm', operations: { shown } }))
  expect(text).toContain(`\n    "shown": {\n      "kind": "query",\n      "access": { "kind": "anyone" },\n`)
  expect(text).not.toContain('cached')
  expect(text.split('\n').filter((line) => line.length > 120)).toEqual([])
})

test('what would be read otherwise than it was written is refused, by name', () => {
  const payload = z.strictObject({ count: z.int().default(1) })
  const counted = job('m.count', payload)
  expect(() => contractFileOf({ ...nothing, name: 'm', jobs: { counted } })).toThrow(
    /^m\.count would be read otherwise/,
  )
  const fact = z.strictObject({ id: z.string(), at: z.string() })
  const keyed = event('m.keyed', { fact, key: ({ id, at }) => `${id}/${at}`, version: () => 1 })
  expect(contractFileOf({ ...nothing, name: 'm', events: { keyed } }).events['m.keyed']!.key).toBe('id/at')
  const strange = event('m.strange', { fact, key: () => 'x', version: (() => undefined) as never })
  expect(() => contractFileOf({ ...nothing, name: 'm', events: { strange } })).toThrow(/m\.strange.*fields of the fact/)
  const input = z.strictObject({ word: z.string().catch('') })
  const bad = query({ access: anyone, input, output: empty })
  expect(() => contractFileOf({ ...nothing, name: 'm', operations: { bad } })).toThrow(/The input of m\.bad: .*catch/)
})

test('this tree promises what its modules do, and once what the platform adds to each', async () => {
  const files = new Map((await contractsOfThisTree()).map((file) => [file.module, file]))
  expect(files.get('payments')!.jobs['payments.capture']).toMatchObject({
    payload: { required: ['amountMinor', 'currency', 'reference', 'request'] },
  })
  expect(files.get('inventory')!.jobs).toHaveProperty(['inventory.commitStock'])
  expect(files.get('orders')!.events['orders.placed']).toMatchObject({ key: 'orderId', version: 'version' })
  expect(Object.keys(files.get('platform')!.operations)).toContain('deadList')
})
