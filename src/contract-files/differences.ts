/**
 * Whether all that one JSON Schema allows is allowed by another, and where it is not.
 *
 * It errs on one side only: what it does not know has to be the same. So a schema may be found different that is not, and never the
 * other way round; a property test draws values to see that.
 */
import { isDeepStrictEqual } from 'node:util'
import { isSchema, type JsonSchema } from './json-schema.ts'

/** A place where `from` may allow a value that `to` does not, and what each says there. */
export type Difference = { path: string; from: string; to: string }

export type Compared = { from: JsonSchema; to: JsonSchema; at: string }

export type Reading = {
  /** What becomes of fields that `to` does not know. */
  unknownFields: 'refused' | 'passed over'
  /** Whether the fields that both have must stand in one order. */
  fieldsInOrder?: boolean
}

export function differences({ from, to, at }: Compared, reading: Reading): Difference[] {
  const options = alternativesOf(to)
  return alternativesOf(from).flatMap((each) => toClosest(each, { options, at }, reading))
}

/** A schema as a text of at most a line. */
export function show(schema: JsonSchema): string {
  const { const: value, type, ...rest } = schema
  if (value !== undefined) return JSON.stringify(value)
  if (typeof type === 'string' && Object.keys(rest).length === 0) return type
  const text = JSON.stringify(schema)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}
const shownMax = 120

/** The schemas of which a value has to satisfy one, each of a single type or value where that is told. */
function alternativesOf(schema: JsonSchema): JsonSchema[] {
  if (isDeepStrictEqual(schema['not'], {})) return []
  if ('const' in schema) return [withoutKeywords(schema, ['type'])]
  const { enum: values, type } = schema
  if (Array.isArray(values))
    return values.map((value: unknown) => ({ ...withoutKeywords(schema, ['enum', 'type']), const: value }))
  const options = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(options)) return eachWith(options, withoutKeywords(schema, ['anyOf', 'oneOf'])) ?? [schema]
  if (Array.isArray(type)) return type.map((each: unknown) => ({ ...schema, type: each }))
  return [schema]
}

/** Options, each with what is demanded of all; undefined where an option says something about the same. */
function eachWith(options: readonly unknown[], common: JsonSchema): JsonSchema[] | undefined {
  if (!options.every(isSchema)) return undefined
  const all = options.flatMap(alternativesOf)
  if (all.some((option) => Object.keys(common).some((keyword) => keyword in option))) return undefined
  return all.map((option) => ({ ...common, ...option }))
}

const withoutKeywords = (schema: JsonSchema, keywords: readonly string[]): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)))

/** What tells an alternative from the option that it comes closest to. */
function toClosest(
  from: JsonSchema,
  { options, at }: { options: readonly JsonSchema[]; at: string },
  reading: Reading,
): Difference[] {
  const fitting = options.filter((to) => mayMeet(from, to))
  const told = fitting.filter((to) => !areToldApart(from, to))
  const found = (told.length > 0 ? told : fitting).map((to) => inOne({ from, to, at }, reading))
  const [fewest] = found.toSorted((one, other) => one.length - other.length)
  const asked = options.length === 0 ? 'nothing' : options.map(show).join(' | ')
  return fewest ?? [{ path: at, from: show(from), to: asked }]
}

/** Whether there can be a value of both, by type or by value. */
function mayMeet(from: JsonSchema, to: JsonSchema): boolean {
  if ('const' in to) return 'const' in from && isDeepStrictEqual(from['const'], to['const'])
  const type = 'const' in from ? shapeOf(from['const'])['type'] : from['type']
  return to['type'] === undefined || type === to['type'] || (type === 'integer' && to['type'] === 'number')
}

/** Whether a field that objects of one always have tells them from those of the other, as `kind` does. */
function areToldApart(from: JsonSchema, to: JsonSchema): boolean {
  const [fields, others] = [fieldsOf(from), fieldsOf(to)]
  return requiredOf(from).some((name) => {
    const [one, other] = [fields.get(name), others.get(name)].map((field) => field && constantsOf(field))
    return one && other ? !one.some((value) => other.some((each) => isDeepStrictEqual(each, value))) : false
  })
}

/** The values that a schema lists; undefined where it lists none. */
function constantsOf(schema: JsonSchema): unknown[] | undefined {
  const all = alternativesOf(schema)
  return all.every((each) => 'const' in each) ? all.map((each) => each['const']) : undefined
}

/** What can be said of a value without naming it. */
function shapeOf(value: unknown): JsonSchema {
  if (typeof value === 'string') return { type: 'string', minLength: value.length, maxLength: value.length }
  if (typeof value === 'number')
    return { type: Number.isInteger(value) ? 'integer' : 'number', minimum: value, maximum: value }
  return { type: value === null ? 'null' : typeof value }
}

const lowerBounds = new Set(['minimum', 'exclusiveMinimum', 'minItems', 'minLength'])
const upperBounds = new Set(['maximum', 'exclusiveMaximum', 'maxItems', 'maxLength'])
/** Keywords that only ever refuse: without them more is allowed. */
const demandKeywords = ['pattern', 'format', 'multipleOf']
const judgedApart = new Set([...demandKeywords, 'allOf', 'x-rules', 'type', 'const', 'items'])
const ofFields = new Set(['properties', 'required', 'additionalProperties'])
const annotations = new Set(['description', 'title', 'examples', 'deprecated', 'readOnly'])

function inOne({ from: given, to, at }: Compared, reading: Reading): Difference[] {
  const isNamed = 'const' in given && !('const' in to)
  const from = isNamed ? { ...withoutKeywords(given, ['const']), ...shapeOf(given['const']) } : given
  const compared = { from, to, at }
  const keywords = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  const others = keywords.filter((each) => !judgedApart.has(each) && !ofFields.has(each) && !annotations.has(each))
  return [
    ...others.flatMap((keyword) => inKeyword(keyword, compared)),
    ...inDemands(compared),
    ...inItems(compared, reading),
    ...(keywords.some((keyword) => ofFields.has(keyword)) ? inFields(compared, reading) : []),
  ]
}

function inKeyword(keyword: string, { from, to, at }: Compared): Difference[] {
  const [was, is] = [from[keyword], to[keyword]]
  const isWithin =
    isDeepStrictEqual(was, is) ||
    (lowerBounds.has(keyword) && (is === undefined || Number(was) >= Number(is))) ||
    (upperBounds.has(keyword) && (is === undefined || Number(was) <= Number(is)))
  const told = (value: unknown) => (value === undefined ? `no ${keyword}` : `${keyword} ${JSON.stringify(value)}`)
  return isWithin ? [] : [{ path: at, from: told(was), to: told(is) }]
}

function inDemands({ from, to, at }: Compared): Difference[] {
  const [met, asked] = [demandsOf(from), demandsOf(to)]
  const unmet = asked.filter((demand) => !met.includes(demand))
  if (unmet.length === 0) return []
  const instead = met.filter((demand) => !asked.includes(demand))
  return [{ path: at, from: instead.length === 0 ? 'without' : instead.join(', '), to: unmet.join(', ') }]
}

/** Each demand as a text: two are the same, or have nothing to do with each other. */
function demandsOf(schema: JsonSchema): string[] {
  const own = demandKeywords.filter((keyword) => keyword in schema).map((keyword) => ({ [keyword]: schema[keyword] }))
  const more = Array.isArray(schema['allOf']) ? (schema['allOf'] as unknown[]) : []
  const rules = Array.isArray(schema['x-rules']) ? (schema['x-rules'] as unknown[]) : []
  return [
    ...[...own, ...more].map((demand) => JSON.stringify(demand)),
    ...rules.map((rule) => `the rule "${String(rule)}"`),
  ]
}

function inItems({ from, to, at }: Compared, reading: Reading): Difference[] {
  const [was, is] = [from['items'], to['items']]
  if (is === undefined) return []
  if (isSchema(was) && isSchema(is)) return differences({ from: was, to: is, at: `${at}[]` }, reading)
  return isDeepStrictEqual(was, is) ? [] : [{ path: `${at}[]`, from: showAny(was), to: showAny(is) }]
}

const showAny = (value: unknown): string =>
  isSchema(value) ? show(value) : value === undefined ? 'anything' : JSON.stringify(value)

type Fields = ReadonlyMap<string, JsonSchema>

function fieldsOf(schema: JsonSchema): Fields {
  const fields = isSchema(schema['properties']) ? schema['properties'] : {}
  return new Map(Object.entries(fields).filter((field): field is [string, JsonSchema] => isSchema(field[1])))
}

const requiredOf = (schema: JsonSchema): string[] =>
  Array.isArray(schema['required']) ? schema['required'].filter((name) => typeof name === 'string') : []

function inFields({ from, to, at }: Compared, reading: Reading): Difference[] {
  const [was, is] = [fieldsOf(from), fieldsOf(to)]
  const path = (name: string) => (at === '' ? name : `${at}.${name}`)
  const [always, demanded] = [requiredOf(from), requiredOf(to)]
  const missing = demanded.filter((name) => !always.includes(name))
  return [
    ...[...was].flatMap(([name, field]) => {
      const other = is.get(name)
      return other
        ? differences({ from: field, to: other, at: path(name) }, reading)
        : inUnknown({ from: field, to, at: path(name) }, reading)
    }),
    ...missing.map((name) => ({ path: path(name), from: was.has(name) ? 'optional' : 'absent', to: 'required' })),
    ...inOpenFields({ from, to, at }, reading),
    ...(reading.fieldsInOrder ? inOrderOfFields({ was: [...was.keys()], is: [...is.keys()], at }) : []),
  ]
}

/** Of a field that `to` does not name. */
function inUnknown({ from, to, at }: Compared, reading: Reading): Difference[] {
  const others = to['additionalProperties'] ?? true
  if (others === true || (others === false && reading.unknownFields === 'passed over')) return []
  return isSchema(others)
    ? differences({ from, to: others, at }, reading)
    : [{ path: at, from: show(from), to: 'absent' }]
}

/** Of the fields that `from` allows without naming them. */
function inOpenFields({ from, to, at }: Compared, reading: Reading): Difference[] {
  const others = from['additionalProperties'] ?? true
  if (others === false) return []
  const any = isSchema(others) ? others : {}
  const named = fieldsOf(from)
  const alsoNamed = [...fieldsOf(to)].filter(([name]) => !named.has(name))
  return [
    ...inUnknown({ from: any, to, at: `${at}{}` }, reading),
    ...alsoNamed.flatMap(([name, field]) => differences({ from: any, to: field, at: `${at}.${name}` }, reading)),
  ]
}

function inOrderOfFields({ was, is, at }: { was: string[]; is: string[]; at: string }): Difference[] {
  const before = was.filter((name) => is.includes(name)).join(', ')
  const after = is.filter((name) => was.includes(name)).join(', ')
  return before === after ? [] : [{ path: at, from: `the order ${before}`, to: `the order ${after}` }]
}
