import { expect, test } from 'vitest'
import { z } from 'zod'
import { event } from './event.ts'

const placed = event('m.placed', {
  fact: z.strictObject({
    id: z.string().trim(),
    lines: z.array(z.strictObject({ sku: z.string().max(3) })).max(2),
    by: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('guest') }),
      z.strictObject({ kind: z.literal('staff'), name: z.string() }),
    ]),
    address: z.union([z.strictObject({ line: z.string() }).nullable(), z.record(z.string(), z.int())]).optional(),
  }),
  key: ({ id }) => id,
  version: () => 1,
})
const fact = { id: '1', lines: [{ sku: 'MUG' }], by: { kind: 'staff' as const, name: 'Ann' }, address: { line: '1' } }

test('a listener passes over what a later release has added to a fact, at any depth', () => {
  const later = {
    ...fact,
    channel: 'web',
    lines: [{ sku: 'MUG', colour: 'red' }],
    by: { ...fact.by, since: 2020 },
    address: { line: '1', floor: 2 },
  }
  expect(placed.read(later)).toEqual(fact)
  expect(placed.read(structuredClone(fact))).toEqual(fact)
})

test('what a listener does know has to be right', () => {
  const wrong = [
    { lines: [{ sku: 'MUG-RED' }] },
    { lines: [{ sku: 'A' }, { sku: 'B' }, { sku: 'C' }] },
    { by: { kind: 'robot' } },
    { id: undefined },
  ]
  for (const each of wrong) {
    expect(() => placed.read({ ...fact, channel: 'web', ...each })).toThrow(z.ZodError)
    expect(() => placed.read({ ...fact, ...each })).toThrow(z.ZodError)
  }
})

test('who announces a fact tells nothing that the contract does not know', () => {
  expect(placed.fact.safeParse({ ...fact, channel: 'web' }).success).toBe(false)
})
