/**
 * A zod schema as the JSON Schema that a contract file holds.
 *
 * It tells all that the schema demands, or refuses to tell anything: a change that a file cannot show would break others unseen. What
 * JSON Schema has no word for stands under `x-normalised` (what is done to a value before it is looked at) and `x-rules` (rules, in the
 * sentence with which they refuse).
 */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { inOrder, type JsonSchema } from './json-schema.ts'

/** A schema as it is read (`input`), or as it is after that (`output`). Throws where it has something that cannot be told. */
export function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io,
    cycles: 'throw',
    override: ({ zodSchema, jsonSchema }) => tellTheRest(zodSchema, jsonSchema as Written, io),
  })
  return inOrder(JSON.parse(JSON.stringify(made)) as JsonSchema)
}

type Written = Record<string, unknown>
type Check = {
  check?: string
  pattern?: RegExp
  hostname?: RegExp
  protocol?: RegExp
  tx?: (value: unknown) => unknown
  error?: (issue: object) => unknown
}
type Def = Check & {
  type: string
  checks?: { _zod: { def: Check } }[]
  inclusive?: boolean
  discriminator?: string
  in?: z.core.$ZodType
  out?: z.core.$ZodType
}

const toldTypes = new Set([
  'string',
  'number',
  'boolean',
  'null',
  'never',
  'literal',
  'enum',
  'object',
  'array',
  'record',
  'union',
  'optional',
  'nullable',
  'default',
  'readonly',
  'pipe',
])

/** Checks that zod itself writes as keywords. */
const toldChecks = new Set([
  'greater_than',
  'less_than',
  'multiple_of',
  'number_format',
  'min_length',
  'max_length',
  'length_equals',
  'string_format',
])

function tellTheRest(schema: z.core.$ZodType, written: Written, io: 'input' | 'output'): void {
  const def = schema._zod.def as unknown as Def
  const isExclusive = def.type === 'union' && def.inclusive === false && def.discriminator === undefined
  if (!toldTypes.has(def.type) || isExclusive)
    throw new Error(
      `A contract file cannot tell ${isExclusive ? 'xor' : def.type}: teach src/contract-files/schema-of.ts.`,
    )
  // That integers are those that JSON carries exactly goes without saying.
  if (written['minimum'] === Number.MIN_SAFE_INTEGER) delete written['minimum']
  if (written['maximum'] === Number.MAX_SAFE_INTEGER) delete written['maximum']
  // Zod writes the one end of a pipe; a value has to pass both.
  if (def.type === 'pipe') addTo(written, schemaOf(io === 'input' ? def.out! : def.in!, io))
  const checks = [def, ...(def.checks ?? []).map(({ _zod }) => _zod.def)].filter(({ check }) => check !== undefined)
  const normalised = checks.filter(({ check }) => check === 'overwrite').map(({ tx }) => normalisedBy(tx!, def.type))
  const rules = checks.flatMap(rulesOf)
  if (normalised.length > 0) written['x-normalised'] = normalised
  if (rules.length > 0) written['x-rules'] = rules
}

/** Adds what a second schema demands of the same value. */
function addTo(written: Written, more: JsonSchema): void {
  for (const [keyword, value] of Object.entries(more)) {
    if (!(keyword in written)) written[keyword] = value
    else if (keyword.startsWith('x-')) written[keyword] = [...(written[keyword] as unknown[]), ...(value as unknown[])]
    else if (!isDeepStrictEqual(written[keyword], value))
      written['allOf'] = [...((written['allOf'] as unknown[] | undefined) ?? []), { [keyword]: value }]
  }
}

/** Values that show what a change does to them: functions cannot be compared. The text ends with a letter and its ring apart. */
const probes: Record<string, unknown> = { string: ' Aa\u030a ', number: -0 }
const probe = probes['string'] as string
const knownChanges = new Map([
  [probe.trim(), 'trimmed'],
  [probe.toLowerCase(), 'in small letters'],
  [probe.toUpperCase(), 'in capital letters'],
  [probe.normalize(), 'in composed letters'],
])

function normalisedBy(change: (value: unknown) => unknown, type: string): string {
  if (!(type in probes))
    throw new Error(`A contract file cannot tell how ${type} is changed: teach src/contract-files/schema-of.ts.`)
  const changed = change(probes[type])
  const known = typeof changed === 'string' ? knownChanges.get(changed) : undefined
  return known ?? `${show(probes[type])} becomes ${show(changed)}`
}

const show = (value: unknown): string => (Object.is(value, -0) ? '-0' : JSON.stringify(value))

function rulesOf(check: Check): string[] {
  if (check.check === 'overwrite') return []
  if (check.check === 'custom') return [sentenceOf(check)]
  if (!toldChecks.has(check.check!))
    throw new Error(`A contract file cannot tell ${check.check}: teach src/contract-files/schema-of.ts.`)
  // JSON Schema reads a pattern as with `u`, and knows no other flag.
  const flags = check.pattern?.flags.replace('u', '') ?? ''
  return [
    ...(flags === '' ? [] : [`the pattern has the flags ${flags}`]),
    ...(check.hostname ? [`the host matches ${check.hostname}`] : []),
    ...(check.protocol ? [`the protocol matches ${check.protocol}`] : []),
  ]
}

function sentenceOf({ error }: Check): string {
  const said = error?.({ code: 'custom', path: [] })
  if (typeof said !== 'string') throw new Error('A rule of a contract needs a sentence with which it refuses.')
  return said
}
