/** Valid inputs, generated from the contracts' own schemas: by their form, and often with what the halls hold. */
import fc from 'fast-check'
import { safeParse, type z } from 'zod'
import type { Pool } from './pool.ts'

type Check = { check: string; format?: string; pattern?: RegExp; minimum?: number; maximum?: number; value?: number }
type Def = {
  type: string
  format?: string
  checks?: { _zod: { def: Check } }[]
  shape?: Record<string, z.core.$ZodType>
  element?: z.core.$ZodType
  options?: z.core.$ZodType[]
  innerType?: z.core.$ZodType
  out?: z.core.$ZodType
  entries?: Record<string, string>
  values?: unknown[]
}
type Fields = Record<string, unknown>

/** Values that mean something to the hall, which chance would not find. */
const telling: Record<string, readonly string[]> = {
  currency: ['GBP', 'GBP', 'GBP', 'EUR'],
  country: ['GB', 'GB', 'DE', 'ZZ'],
  source: ['card_ok', 'card_ok', 'card_ok', 'card_declined', 'no card'],
  permissions: ['orders:read', 'orders:price', 'catalog:write', '*'],
  sku: ['MUG-RED', 'mug-blue', 'lamp', 'POST', 'GIFT', 'MUG-RED', 'mug-blue', 'lamp', 'POST', 'GIFT'],
  email: ['ann@example.com', 'Ann@Example.com', 'ben@example.com'],
  password: ['a long password', 'another password'],
  slug: ['kitchen', 'mugs', 'lamps'],
  categories: ['kitchen', 'mugs', 'lamps'],
  category: ['kitchen', 'mugs', 'lamps'],
  parent: ['kitchen', 'mugs', 'lamps'],
  roles: ['support', 'warehouse', 'buyers'],
  role: ['support', 'warehouse', 'buyers'],
  location: ['main', 'attic'],
  method: ['post', 'courier'],
  text: ['mug', 'lamp', 'red shin', 'A gift'],
  status: ['draft', 'published', 'published', 'published'],
  from: ['2025-12-31', '2026-01-01'],
  to: ['2026-01-01', '2026-01-02'],
}

/** An input that the schema accepts. */
export function validInput(schema: z.ZodType, pool: Pool): fc.Arbitrary<unknown> {
  return valueOf(schema, '', pool)
}

const defOf = (schema: z.core.$ZodType): Def => schema._zod.def

function valueOf(schema: z.core.$ZodType, field: string, pool: Pool): fc.Arbitrary<unknown> {
  const def = defOf(schema)
  switch (def.type) {
    case 'string':
      return textOf(schema, field, pool)
    case 'pipe':
      return valueOf(def.out!, field, pool)
    case 'number':
      return numberOf(def)
    case 'boolean':
      return fc.boolean()
    case 'enum':
      return fc.constantFrom(...(telling[field] ?? Object.values(def.entries!)))
    case 'literal':
      return fc.constantFrom(...def.values!)
    case 'optional':
      // Callers that are not type-checked closely may say `undefined` where they mean nothing.
      return fc.oneof(
        { weight: 12, arbitrary: valueOf(def.innerType!, field, pool) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      )
    case 'nullable':
      return fc.option(valueOf(def.innerType!, field, pool), { freq: 4 })
    case 'union':
      return fc.oneof(...def.options!.map((option) => valueOf(option, field, pool)))
    case 'array':
      return arrayOf(def, field, pool)
    case 'object':
      return objectOf(def, pool)
    default:
      throw new Error(`The generator does not know ${def.type}: teach it.`)
  }
}

const checksOf = (def: Def): Check[] => (def.checks ?? []).map(({ _zod }) => _zod.def)
const boundOf = (def: Def, name: string, key: 'minimum' | 'maximum' | 'value'): number | undefined =>
  checksOf(def).find(({ check }) => check === name)?.[key]

function textOf(schema: z.core.$ZodType, field: string, pool: Pool): fc.Arbitrary<string> {
  const def = defOf(schema)
  const pattern = checksOf(def).find(
    (check) => check.format === 'regex' && !check.pattern?.source.startsWith('^[^\\u0000'),
  )?.pattern
  const prefix = /^\^([a-z]{3})_/.exec(pattern?.source ?? '')?.[1]
  const known = pool.texts(prefix === undefined ? field.replace(/s$/, '') : `id:${prefix}`)
  const made = formed(def) ?? (pattern ? fc.stringMatching(pattern) : freeText(def))
  const isText = (text: string) => safeParse(schema, text).success
  // A name may mean another thing elsewhere: a code is a SKU here, and a location or a shipping method there.
  const candidates = [...known, ...pool.texts(field), ...(telling[field] ?? [])].filter(isText)
  const spelt = field.startsWith('sku') ? made.map((text) => text.toLowerCase()) : made
  return candidates.length === 0
    ? spelt
    : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...candidates) }, { weight: 1, arbitrary: spelt })
}

function formed(def: Def): fc.Arbitrary<string> | undefined {
  const ofText = checksOf(def).find((check) => check.check === 'string_format' && check.format !== 'regex')
  const format = def.format ?? ofText?.format
  const instants = fc.oneof(
    fc.date({
      min: new Date('2025-11-01T00:00:00.000Z'),
      max: new Date('2026-01-03T00:00:00.000Z'),
      noInvalidDate: true,
    }),
    fc.date({
      min: new Date('0000-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }),
  )
  if (format === 'datetime') return instants.map((date) => date.toISOString())
  if (format === 'date') return instants.map((date) => date.toISOString().slice(0, 10))
  if (format === 'email') return fc.stringMatching(/^[a-z]{1,12}@[a-z]{1,12}\.(com|example)$/)
  return undefined
}

function freeText(def: Def): fc.Arbitrary<string> {
  const min = boundOf(def, 'min_length', 'minimum') ?? 0
  const max = boundOf(def, 'max_length', 'maximum') ?? 200
  const visible = fc
    .string({ unit: 'grapheme', minLength: min, maxLength: 20 })
    .map((text) => text.slice(0, max).toWellFormed())
  const usual = fc.stringMatching(/^[a-z0-9 '"\\%$-]{1,20}$/).map((text) => text.slice(0, max))
  return fc.oneof(
    usual,
    visible,
    fc.constantFrom('x'.repeat(max), ` ${'é'.repeat(Math.max(1, max - 1))} `.slice(0, max)),
  )
}

function numberOf(def: Def): fc.Arbitrary<number> {
  const min = boundOf(def, 'greater_than', 'value') ?? Number.MIN_SAFE_INTEGER
  const max = boundOf(def, 'less_than', 'value') ?? Number.MAX_SAFE_INTEGER
  const small = fc.integer({ min, max: Math.min(max, min + 12) })
  return fc.oneof(
    { weight: 8, arbitrary: small },
    { weight: 1, arbitrary: fc.integer({ min, max }) },
    { weight: 1, arbitrary: fc.constantFrom(min, max) },
  )
}

function arrayOf(def: Def, field: string, pool: Pool): fc.Arbitrary<unknown[]> {
  const minLength = boundOf(def, 'min_length', 'minimum') ?? 0
  return fc.array(valueOf(def.element!, field, pool), { minLength, maxLength: minLength + 3 })
}

function objectOf(def: Def, pool: Pool): fc.Arbitrary<unknown> {
  const shape = def.shape!
  const fields = Object.fromEntries(Object.entries(shape).map(([name, child]) => [name, valueOf(child, name, pool)]))
  const requiredKeys = Object.keys(shape).filter((name) => defOf(shape[name]!).type !== 'optional')
  const made = fc.record(fields, { requiredKeys, noNullPrototype: true }) as fc.Arbitrary<Fields>
  const groups = ['cartId,token', 'id,token'].filter((names) => names.split(',').every((name) => name in shape))
  const known = groups.flatMap((names) => pool.together(names))
  if (known.length === 0) return made
  return fc
    .tuple(made, fc.constantFrom(...known), fc.nat(9))
    .map(([fresh, group, chance]) => (chance === 0 ? fresh : agreeing({ ...fresh, ...group }, pool, chance)))
}

/** A purchase mostly expects what the cart was seen to cost. */
function agreeing(fields: Fields, pool: Pool, chance: number): Fields {
  const total = pool.totals.get(fields['cartId'])
  return 'expectedTotal' in fields && total !== undefined && chance > 2
    ? { ...fields, expectedTotal: structuredClone(total) }
    : fields
}
