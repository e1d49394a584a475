/**
 * The rule that what earlier releases wrote stays readable: of every event and job there is a sample of each form that it ever
 * had, and today's schema takes them all.
 */
import { z } from 'zod'

/** An event's fact or a job's payload, as a release wrote it. */
export type Sample = { name: string; note: string; value: unknown }
/** What is promised: an event or a job with its schema. */
export type Promised = { name: string; schema: z.ZodType }

type JsonSchema = {
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  enum?: unknown[]
}
type Field = { path: string; isOptional: boolean }

/** Sentences that name what is missing or refused; empty where all is well. */
export function sampleProblems(promised: readonly Promised[], samples: readonly Sample[]): string[] {
  const names = new Set(promised.map(({ name }) => name))
  const strangers = samples.filter(({ name }) => !names.has(name))
  return [
    ...strangers.map(
      ({ name }) => `There is a sample of ${name}, which nobody promises: what is queued would be lost.`,
    ),
    ...promised.flatMap((each) =>
      problemsOf(
        each,
        samples.filter(({ name }) => name === each.name),
      ),
    ),
  ]
}

function problemsOf({ name, schema }: Promised, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [`There is no sample of ${name}.`]
  const refused = samples.flatMap(({ note, value }) => {
    const { error } = schema.safeParse(value)
    return error ? [`The sample of ${name} (${note}) is refused: ${z.prettifyError(error)}`] : []
  })
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  const written = samples.map(({ value }) => new Set(pathsIn(value)))
  const unseen = fieldsOf(shape).flatMap(({ path, isOptional }) => {
    const count = written.filter((paths) => paths.has(path)).length
    if (count === 0) return [`No sample of ${name} has ${path}: add one as this release writes it.`]
    return isOptional && count === samples.length ? [`Every sample of ${name} has ${path}, which may be missing.`] : []
  })
  const texts = new Set(samples.flatMap(({ value }) => choicesIn(shape, value)))
  const unchosen = choicesOf(shape).filter((choice) => !texts.has(choice))
  return [...refused, ...unseen, ...unchosen.map((choice) => `No sample of ${name} has ${choice}.`)]
}

/** Every field of a shape, at any depth; `lines[].sku` is one of each line. */
function fieldsOf({ properties = {}, required = [], items, anyOf = [] }: JsonSchema, at = ''): Field[] {
  const own = Object.entries(properties).flatMap(([name, field]) => [
    { path: `${at}${name}`, isOptional: !required.includes(name) },
    ...fieldsOf(field, `${at}${name}.`),
  ])
  const ofItems = items === undefined ? [] : fieldsOf(items, `${at.slice(0, -1)}[].`)
  return [...own, ...ofItems, ...anyOf.flatMap((option) => fieldsOf(option, at))]
}

function pathsIn(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsIn(each, `${at.slice(0, -1)}[].`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => [`${at}${name}`, ...pathsIn(field, `${at}${name}.`)])
}

/** Every choice that a field of the outermost object leaves, such as `kind "void"`. */
const choicesOf = ({ properties = {} }: JsonSchema): string[] =>
  Object.entries(properties).flatMap(([name, field]) =>
    (field.enum ?? []).map((each) => `${name} ${JSON.stringify(each)}`),
  )

const choicesIn = ({ properties = {} }: JsonSchema, value: unknown): string[] =>
  Object.keys(properties).map((name) => `${name} ${JSON.stringify((value as Record<string, unknown>)[name])}`)
