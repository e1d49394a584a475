import { passingOver } from '#platform/wire-schema'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { differences } from './differences.ts'
import { schemaOf } from './schema-of.ts'

/** What of `from` is not allowed by `to`, as sentences. */
function between(from: z.ZodType, to: z.ZodType, unknownFields: 'refused' | 'passed over' = 'refused'): string[] {
  const compared = { from: schemaOf(from, 'input'), to: schemaOf(to, 'input'), at: 'input' }
  return differences(compared, { unknownFields }).map((each) => `${each.path}: ${each.from} -> ${each.to}`)
}

const { strictObject: fields, string, int, array } = z

test.for<[string, z.ZodType, z.ZodType, string[]]>([
  ['a field that is gone', fields({ a: string(), b: int() }), fields({ a: string() }), ['input.b: integer -> absent']],
  [
    'a field that is demanded',
    fields({ a: string().optional() }),
    fields({ a: string() }),
    ['input.a: optional -> required'],
  ],
  ['a new field that is demanded', fields({}), fields({ a: string() }), ['input.a: absent -> required']],
  ['a new optional field', fields({}), fields({ a: string().optional() }), []],
  ['a field that is demanded no more', fields({ a: string() }), fields({ a: string().optional() }), []],
  [
    'a narrower bound, deep inside',
    fields({ lines: array(fields({ n: int().max(9) })) }),
    fields({ lines: array(fields({ n: int().max(8) })) }),
    ['input.lines[].n: maximum 9 -> maximum 8'],
  ],
  ['a wider bound', int().min(1).max(9), int().min(0), []],
  ['a bound that was not there', string(), string().max(5), ['input: no maxLength -> maxLength 5']],
  [
    'fewer items',
    array(string()).max(9),
    array(string()).min(1).max(5),
    ['input: maxItems 9 -> maxItems 5', 'input: no minItems -> minItems 1'],
  ],
  ['a choice that is gone', z.enum(['a', 'b']), z.enum(['a', 'c']), ['input: "b" -> "a" | "c"']],
  ['a choice that became free', z.enum(['a', 'bcd']), string().max(3), []],
  ['a choice that is too long', z.enum(['a', 'bcd']), string().max(2), ['input: maxLength 3 -> maxLength 2']],
  ['text that became a choice', string(), z.enum(['a']), ['input: string -> "a"']],
  ['null that is gone', string().nullable(), string(), ['input: null -> string']],
  ['null that is new', string(), string().nullable(), []],
  ['another type', string(), z.boolean(), ['input: string -> boolean']],
  ['a number for an integer', z.number(), int(), ['input: number -> integer']],
  ['another pattern', string().regex(/^a/), string().regex(/^b/), ['input: {"pattern":"^a"} -> {"pattern":"^b"}']],
  ['one pattern of two', string().regex(/^a/).regex(/b$/), string().regex(/b$/), []],
  ['a new rule', string(), string().refine(Boolean, 'must be'), ['input: without -> the rule "must be"']],
  ['a rule that is gone', string().refine(Boolean, 'must be'), string(), []],
  ['a value that is changed first', string(), string().trim(), ['input: no x-normalised -> x-normalised ["trimmed"]']],
  ['another default', string().default('a'), string().default('b'), ['input: default "a" -> default "b"']],
  [
    'another option',
    z.union([fields({ id: string() }), fields({ sku: string() })]),
    fields({ id: string() }),
    ['input.sku: string -> absent', 'input.id: absent -> required'],
  ],
  ['one more option', fields({ id: string() }), z.union([fields({ sku: string() }), fields({ id: string() })]), []],
  ['values by name', z.record(string(), int()), z.record(string(), int().max(1)), ['input{}: no maximum -> maximum 1']],
  ['nothing for something', string(), z.never(), ['input: string -> nothing']],
])('%s', ([, from, to, expected]) => expect(between(from, to)).toEqual(expected))

test('an option is compared with the one that it is told by', () => {
  const actor = (more: z.ZodRawShape) =>
    z.discriminatedUnion('kind', [
      fields({ kind: z.literal('guest') }),
      fields({ kind: z.enum(['staff', 'service']), id: string(), ...more }),
    ])
  expect(between(actor({}), actor({}))).toEqual([])
  expect(new Set(between(actor({}), actor({ since: string() })))).toEqual(new Set(['input.since: absent -> required']))
})

test('a reader may pass over what it does not know, at any depth', () => {
  const told = fields({ lines: array(fields({ sku: string(), note: string() })), more: string() })
  const known = fields({ lines: array(fields({ sku: string() })) })
  expect(between(told, known, 'passed over')).toEqual([])
  expect(between(told, known)).toHaveLength(2)
})

test('what is not known has to be the same', () => {
  const judge = (from: object, to: object) =>
    differences(
      { from: { type: 'array', ...from }, to: { type: 'array', ...to }, at: '' },
      { unknownFields: 'refused' },
    )
  expect(judge({ contains: { const: 1 } }, { contains: { const: 1 } })).toEqual([])
  expect(judge({ contains: { const: 1 } }, {})).toHaveLength(1)
  expect(judge({}, { contains: { const: 1 } })).toHaveLength(1)
  expect(judge({ prefixItems: [{}] }, { prefixItems: [] })).toHaveLength(1)
  expect(judge({ items: false }, { items: false })).toEqual([])
  expect(judge({}, { items: false })).toHaveLength(1)
  expect(judge({ minItems: 'two' }, { minItems: 'two' })).toEqual([])
  expect(judge({ minItems: 'two' }, { minItems: 2 })).toHaveLength(1)
  expect(judge({ description: 'a' }, { description: 'b' })).toEqual([])
  // One that demands something of all its options and of one of them is not taken apart.
  const options = { anyOf: [{ maxItems: 2 }, { maxItems: 3 }], maxItems: 5 }
  expect(judge(options, options)).toEqual([])
  expect(judge(options, { ...options, anyOf: [] })).toHaveLength(1)
})

test('fields in another order are told where the order counts', () => {
  const compared = {
    from: schemaOf(fields({ a: string(), b: fields({ c: string(), d: string() }) }), 'input'),
    to: schemaOf(fields({ e: string().optional(), a: string(), b: fields({ d: string(), c: string() }) }), 'input'),
    at: 'input',
  }
  expect(differences(compared, { unknownFields: 'refused' })).toEqual([])
  expect(differences(compared, { unknownFields: 'refused', fieldsInOrder: true })).toEqual([
    { path: 'input.b', from: 'the order c, d', to: 'the order d, c' },
  ])
})

/** A schema, what it became, and values that the first allows. */
type Pair = { was: z.ZodType; is: z.ZodType; value: fc.Arbitrary<unknown> }

const rarely = fc.nat(3).map((chance) => chance === 0)
/** One of some for the first, and mostly the same for the second. */
const twice = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<[T, T]> =>
  fc.tuple(arbitrary, arbitrary, rarely).map(([one, other, differs]) => [one, differs ? other : one])

const pairOf = <Form>(forms: fc.Arbitrary<Form>, zodOf: (form: Form) => z.ZodType, values: fc.Arbitrary<unknown>) =>
  twice(forms).map(([one, other]): Pair => {
    const was = zodOf(one)
    return { was, is: zodOf(other), value: values.filter((value) => was.safeParse(value).success) }
  })

const texts = pairOf(
  fc.record({
    min: fc.nat(1),
    max: fc.integer({ min: 2, max: 4 }),
    pattern: fc.constantFrom(undefined, undefined, /^[a ]*$/),
    rule: rarely,
    isTrimmed: rarely,
  }),
  ({ min, max, pattern, rule, isTrimmed }) => {
    const trimmed = isTrimmed ? z.string().trim() : z.string()
    const bounded = trimmed.min(min).max(max)
    const matched = pattern ? bounded.regex(pattern) : bounded
    return rule ? matched.refine((value) => value !== 'aa', 'must not be aa') : matched
  },
  fc.oneof(fc.string({ unit: fc.constantFrom('a', ' '), maxLength: 5 }), fc.constantFrom('a', 'aa', 'ab', 'abc')),
)
const numbers = pairOf(
  fc.record({ min: fc.integer({ min: -1, max: 1 }), max: fc.integer({ min: 1, max: 3 }), isWhole: fc.boolean() }),
  ({ min, max, isWhole }) => (isWhole ? z.int() : z.number()).min(min).max(max),
  fc.constantFrom(-1, 0, 0.5, 1, 1.5, 2, 3),
)
const choices = pairOf(
  fc.subarray(['a', 'aa', 'b', 'c'], { minLength: 1 }),
  (those) => z.enum(those),
  fc.constantFrom('a', 'aa', 'b', 'c'),
)
const anyOf = pairOf(
  fc.constantFrom(z.string().max(2), z.int(), z.boolean(), z.literal('a'), z.null()),
  (schema) => schema,
  fc.constantFrom('', 'a', 'aa', 0, 7, true, null),
)

const presences = fc.constantFrom('both', 'both', 'both', 'was', 'is')
const optional = (schema: z.ZodType, isOptional: boolean) => (isOptional ? schema.optional() : schema)

function objectOf(drawn: { name: string; presence: string; pair: Pair; isOptional: [boolean, boolean] }[]): Pair {
  const shape = (side: 'was' | 'is') =>
    Object.fromEntries(
      drawn
        .filter(({ presence }) => presence === 'both' || presence === side)
        .map(({ name, pair, isOptional }) => [name, optional(pair[side], isOptional[side === 'was' ? 0 : 1])]),
    )
  const mine = drawn.filter(({ presence }) => presence !== 'is')
  const values = Object.fromEntries(mine.map(({ name, pair }) => [name, pair.value]))
  const requiredKeys = mine.filter(({ isOptional }) => !isOptional[0]).map(({ name }) => name)
  return {
    was: z.strictObject(shape('was')),
    is: z.strictObject(shape('is')),
    value: fc.record(values, { requiredKeys, noNullPrototype: true }),
  }
}

const { pair: pairs } = fc.letrec<{ pair: Pair }>((tie) => {
  const inner = tie('pair')
  const objects = fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'kind'),
        presence: presences,
        pair: inner,
        isOptional: twice(fc.boolean()),
      }),
      { selector: ({ name }) => name, maxLength: 3 },
    )
    .map(objectOf)
  const lists = fc
    .tuple(inner, twice(fc.nat(1)), twice(fc.integer({ min: 2, max: 3 })))
    .map(([{ was, is, value }, min, max]): Pair => ({
      was: z.array(was).min(min[0]).max(max[0]),
      is: z.array(is).min(min[1]).max(max[1]),
      value: fc.array(value, { minLength: min[0], maxLength: max[0] }),
    }))
  const named = inner.map(({ was, is, value }): Pair => ({
    was: z.record(z.string(), was),
    is: z.record(z.string(), is),
    value: fc.dictionary(fc.constantFrom('a', 'x'), value, { noNullPrototype: true }),
  }))
  const nullables = fc.tuple(inner, twice(fc.boolean())).map(([{ was, is, value }, isNullable]): Pair => ({
    was: isNullable[0] ? was.nullable() : was,
    is: isNullable[1] ? is.nullable() : is,
    value: isNullable[0] ? fc.option(value) : value,
  }))
  const unions = fc.tuple(inner, inner, rarely, rarely).map(([one, other, isLess, isMore]): Pair => ({
    was: isMore ? one.was : z.union([one.was, other.was]),
    is: isLess ? other.is : z.union([other.is, one.is]),
    value: isMore ? one.value : fc.oneof(one.value, other.value),
  }))
  return { pair: fc.oneof({ maxDepth: 3 }, texts, numbers, choices, anyOf, objects, lists, named, nullables, unions) }
})

const withValues = pairs.chain((pair) =>
  fc.tuple(fc.constant(pair), fc.array(pair.value, { minLength: 4, maxLength: 4 })),
)
const runs = { numRuns: 400, seed: 20_261_127 }

test('what is found to be taken is taken: every value that the first schema accepts', () => {
  let compatible = 0
  const property = fc.property(withValues, ([{ was, is }, values]) => {
    if (between(was, is).length > 0) return
    compatible += 1
    for (const value of values) expect(is.safeParse(value)).toMatchObject({ success: true })
  })
  fc.assert(property, runs)
  expect(compatible).toBeGreaterThan(runs.numRuns / 4)
  expect(compatible).toBeLessThan(runs.numRuns)
})

test('what is found to be understood is understood by who passes over what he does not know', () => {
  let withMore = 0
  const property = fc.property(withValues, ([{ was, is }, values]) => {
    const [from, to] = [schemaOf(was, 'output'), schemaOf(is, 'output')]
    if (differences({ from, to, at: '' }, { unknownFields: 'passed over' }).length > 0) return
    if (differences({ from, to, at: '' }, { unknownFields: 'refused' }).length > 0) withMore += 1
    const reader = passingOver(is)
    for (const value of values) expect(reader.safeParse(was.parse(value))).toMatchObject({ success: true })
  })
  fc.assert(property, runs)
  expect(withMore).toBeGreaterThan(runs.numRuns / 50)
})

test('a schema differs in nothing from itself, and one more optional field disturbs no input', () => {
  const property = fc.property(pairs, ({ was }) => {
    const compared = { from: schemaOf(was, 'input'), to: schemaOf(was, 'input'), at: '' }
    expect(differences(compared, { unknownFields: 'refused', fieldsInOrder: true })).toEqual([])
    const more = was instanceof z.ZodObject ? was.extend({ added: z.string().optional() }) : was
    expect(between(was, more)).toEqual([])
  })
  fc.assert(property, { ...runs, numRuns: 200 })
})
