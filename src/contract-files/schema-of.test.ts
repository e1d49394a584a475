import { email, integer, text } from '#platform/values'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { schemaOf } from './schema-of.ts'

test('a schema is told with its keywords in one order, and its fields in that of the contract', () => {
  const schema = z.strictObject({ sku: z.string().max(64), kinds: z.array(z.enum(['b', 'a'])).optional() })
  const told = schemaOf(schema, 'input')
  expect(told).toEqual({
    type: 'object',
    additionalProperties: false,
    required: ['sku'],
    properties: {
      sku: { type: 'string', maxLength: 64 },
      kinds: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
    },
  })
  expect(Object.keys(told)).toEqual(['type', 'additionalProperties', 'properties', 'required'])
  expect(Object.keys(told['properties'] as object)).toEqual(['sku', 'kinds'])
})

test('what is done to a value first, and rules that have no keyword, are told too', () => {
  expect(schemaOf(z.string().trim().toUpperCase(), 'input')['x-normalised']).toEqual(['in capital letters', 'trimmed'])
  expect(schemaOf(integer(0, 9), 'input')['x-normalised']).toEqual(['-0 becomes 0'])
  expect(schemaOf(z.string().slugify(), 'input')['x-normalised']).toEqual([expect.stringMatching(/becomes "a/)])
  expect(schemaOf(text({ max: 5 }).optional(), 'input')).toMatchObject({ maxLength: 5, 'x-normalised': ['trimmed'] })
  const even = z.int().refine((value) => value % 2 === 0, 'must be even')
  expect(schemaOf(z.strictObject({ even }), 'output')['properties']).toMatchObject({
    even: { 'x-rules': ['must be even'] },
  })
  expect(schemaOf(z.string().regex(/^a$/i), 'input')['x-rules']).toEqual(['the pattern has the flags i'])
  expect(schemaOf(z.url({ protocol: /^http$/ }), 'input')['x-rules']).toEqual(['the protocol matches /^http$/'])
})

test('a pipe is told with both of its ends', () => {
  for (const io of ['input', 'output'] as const)
    expect(schemaOf(email, io)).toMatchObject({
      type: 'string',
      format: 'email',
      maxLength: 254,
      'x-normalised': ['in small letters', 'trimmed'],
    })
  const twice = z.string().regex(/^a/).pipe(z.string().regex(/b$/))
  expect(schemaOf(twice, 'input')).toEqual({ type: 'string', pattern: '^a', allOf: [{ pattern: 'b$' }] })
})

const nested: z.ZodType = z.strictObject({ inner: z.array(z.lazy(() => nested)) })

test.each<[string, z.ZodType]>([
  ['[Tt]ransform', z.string().transform(Number)],
  ['catch', z.string().catch('')],
  ['xor', z.xor([z.string(), z.int()])],
  ['property', z.string().check(z.property('length', z.int()))],
  ['array', z.array(z.string()).overwrite((list) => list.toSorted())],
  ['sentence', z.string().superRefine(() => undefined)],
  ['[Cc]ycle', z.lazy(() => nested)],
])('what cannot be told is refused: %s', (named, schema) => {
  expect(() => schemaOf(schema, 'input')).toThrow(new RegExp(named))
})
