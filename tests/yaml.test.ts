/** The YAML that `hall deploy` writes says what it was given, to a reader that takes nothing for anything else. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Json, yamlDocuments, yamlOf } from '../src/commands/deploy/yaml.ts'
import { readYaml } from './deploy/yaml-reader.ts'

const doubtful = [
  'no',
  'Off',
  'y',
  '~',
  '1e3',
  '0x1',
  '1_000',
  '12:30:45',
  '- a',
  'a: b',
  'a #',
  '',
  ' ',
  '{}',
  'two\nlines\n',
]

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...doubtful))
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

test('whatever that was', () => {
  fc.assert(
    fc.property(value, (given) => {
      const read = readYaml(yamlOf(given))
      if (!isDeepStrictEqual(read, [given])) throw new Error(`${yamlOf(given)} is read as ${JSON.stringify(read)}`)
    }),
    { numRuns: 500, seed: 20101201 },
  )
})

test('on one line what fits there, and without what is not there', () => {
  const given = {
    ports: ['80:80'],
    env: { A: 'on', B: undefined, C: "it's", D: `'"` },
    text: 'one\ntwo\n',
    long: 'x'.repeat(120),
    none: {},
  }
  expect(yamlOf({ service: given })).toBe(
    `service:
  ports: ['80:80']
  env: { A: 'on', C: "it's", D: '''"' }
  text: |
    one
    two
  long: ${'x'.repeat(120)}
  none: {}
`,
  )
  expect(() => yamlOf({ number: Number.NaN })).toThrow('NaN cannot be written as YAML')
  expect(readYaml(yamlDocuments([{ a: 1 }, [2, [3]]]))).toEqual([{ a: 1 }, [2, [3]]])
})

test.each(['a: no\n', 'a: b: c\n', 'a: 1\na: 2\n', 'a:\n   b: 1\n', 'a: [1,2]\n', "a: 'b\n", 'a: 1'])(
  'and the reader on which these tests rely refuses %j',
  (wrong) => {
    expect(() => readYaml(wrong)).toThrow(/^(Line|A block|The last line)/)
  },
)
