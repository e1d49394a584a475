/**
 * The wire is JSON (law 4). The type checker refuses what is not; this file says how, and repeats the check on the
 * schemas themselves, for what types cannot see (open objects, dates behind `any`).
 */
import { z } from 'zod'

type NotJson = Date | bigint | symbol | Map<unknown, unknown> | Set<unknown> | ((...args: never[]) => unknown)

/** `unknown` where the value travels as JSON, otherwise a sentence that the type checker shows. */
export type Wire<T> = IsJson<T> extends true ? unknown : 'This schema holds something that does not travel as JSON'

type IsJson<T> = unknown extends T
  ? false
  : [T] extends [string | number | boolean | null | undefined]
    ? true
    : T extends NotJson
      ? false
      : T extends readonly (infer Item)[]
        ? IsJson<Item>
        : T extends object
          ? false extends { [K in keyof T]-?: IsJson<T[K]> }[keyof T]
            ? false
            : true
          : T extends string | number | boolean | null | undefined
            ? true
            : false

const refused = new Set([
  'date',
  'bigint',
  'symbol',
  'map',
  'set',
  'unknown',
  'any',
  'file',
  'promise',
  'custom',
  'nan',
  'void',
  'function',
])

type Def = {
  type: string
  shape?: Record<string, z.core.$ZodType>
  catchall?: z.core.$ZodType
  element?: z.core.$ZodType
  items?: z.core.$ZodType[]
  options?: z.core.$ZodType[]
  innerType?: z.core.$ZodType
  valueType?: z.core.$ZodType
  in?: z.core.$ZodType
  out?: z.core.$ZodType
  left?: z.core.$ZodType
  right?: z.core.$ZodType
}

/** Throws where a schema holds what JSON cannot carry, or, when `strict`, an object that accepts unknown fields. */
export function assertWireSchema(schema: z.core.$ZodType, where: string, options: { strict: boolean }): void {
  const def = schema._zod.def as unknown as Def
  if (refused.has(def.type)) throw new Error(`${where}: ${def.type} does not travel as JSON.`)
  if (def.type === 'object') {
    const closed = (def.catchall?._zod.def as Def | undefined)?.type === 'never'
    if (options.strict && !closed) throw new Error(`${where}: use z.strictObject, so that unknown fields are refused.`)
    if (!closed && def.catchall !== undefined) throw new Error(`${where}: an open object is not a contract.`)
  }
  for (const [name, child] of childrenOf(def)) assertWireSchema(child, `${where}${name}`, options)
}

function childrenOf(def: Def): [string, z.core.$ZodType][] {
  const children: [string, z.core.$ZodType | undefined][] = [
    ...Object.entries(def.shape ?? {}).map(([name, child]): [string, z.core.$ZodType] => [`.${name}`, child]),
    ['[]', def.element],
    ['', def.innerType],
    ['{}', def.valueType],
    ['', def.in],
    ['', def.out],
    ['', def.left],
    ['', def.right],
    ...[...(def.items ?? []), ...(def.options ?? [])].map((child): [string, z.core.$ZodType] => ['', child]),
  ]
  return children.filter((child): child is [string, z.core.$ZodType] => child[1] !== undefined)
}

/**
 * Reads what a process of a later release may have written: fields that this one does not know, at any depth, are passed over. Made when it is
 * first used.
 */
export function readerOf<S extends z.ZodType>(schema: S): (value: unknown) => z.ZodSafeParseResult<z.output<S>> {
  let known: S | undefined
  return (value) => (known ??= z.compile(passingOver(schema))).safeParse(value)
}

/** The schema, with the difference that its objects, at any depth, pass over fields that they do not know. */
export function passingOver<S extends z.core.$ZodType>(schema: S): S {
  const def = schema._zod.def as unknown as Record<string, unknown>
  const parts = Object.entries(def).map(([name, part]) => [name, name === 'checks' ? part : partPassingOver(part)])
  return z.clone(schema, { ...Object.fromEntries(parts), ...(def['type'] === 'object' && { catchall: undefined }) })
}

function partPassingOver(part: unknown): unknown {
  if (part instanceof z.core.$ZodType) return passingOver(part)
  if (Array.isArray(part)) return part.map(partPassingOver)
  const isShape = typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype
  return isShape ? Object.fromEntries(Object.entries(part).map(([name, each]) => [name, partPassingOver(each)])) : part
}
