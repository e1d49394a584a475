/** How a schema is shown to a reader: as the TypeScript type of its JSON, with the bounds that a type cannot say. */
import { z } from 'zod'

type JsonSchema = {
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  maxLength?: number
  minLength?: number
  pattern?: string
  format?: string
}

/** Shared vocabulary, shown by its name: see `src/platform/values.ts`. */
const isMoney = ({ properties = {} }: JsonSchema): boolean =>
  Object.keys(properties).toSorted().join() === 'amountMinor,currency'
const isAddress = ({ properties = {} }: JsonSchema): boolean => 'postalCode' in properties && 'line1' in properties
const isActor = (options: JsonSchema[]): boolean =>
  options.some(({ properties }) => properties?.['kind']?.const === 'guest')

/** What a caller sends (`input`), or is answered (`output`). */
export function shapeOf(schema: z.ZodType, io: 'input' | 'output'): string {
  return show(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema)
}

function show(schema: JsonSchema): string {
  const { type } = schema
  if (Array.isArray(type)) return type.map((each) => show({ ...schema, type: each })).join(' | ')
  const options = schema.anyOf ?? schema.oneOf
  if (options) return isActor(options) ? 'Actor' : options.map(show).join(' | ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (type === 'array') return showArray(schema)
  if (type === 'object') return showObject(schema)
  if (type === 'integer' || type === 'number') return `integer${boundsOf(schema.minimum, schema.maximum)}`
  if (type === 'string') return showText(schema)
  return type ?? 'string'
}

function showArray({ items = {}, minItems, maxItems }: JsonSchema): string {
  const item = show(items)
  return `${item.includes(' | ') ? `(${item})` : item}[]${boundsOf(minItems, maxItems)}`
}

function showObject(schema: JsonSchema): string {
  if (isMoney(schema)) return 'Money'
  if (isAddress(schema)) return 'Address'
  const { properties = {}, required = [] } = schema
  const fields = Object.entries(properties).map(
    ([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${show(field)}`,
  )
  return fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`
}

function showText({ pattern, format, minLength = 0, maxLength }: JsonSchema): string {
  const id = /^\^([a-z]{3})_\[0-9a-f\]/.exec(pattern ?? '')
  if (id) return `${id[1]}_…`
  if (pattern === '^[A-Z]{3}$') return 'Currency'
  if (pattern === '^[A-Z]{2}$') return 'Country'
  if (format === 'date-time') return 'Instant'
  if (format === 'date') return 'Day'
  if (format === 'email') return 'email'
  if (minLength > 1) return `string${boundsOf(minLength, maxLength)}`
  // One character at least is what everybody expects of a text.
  return maxLength === undefined ? 'string' : `string(≤ ${maxLength})`
}

const isBound = (value: number | undefined): value is number =>
  value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER

function boundsOf(min: number | undefined, max: number | undefined): string {
  if (isBound(max)) return `(${isBound(min) ? min : 0}–${max})`
  return isBound(min) && min > 0 ? `(≥ ${min})` : ''
}
