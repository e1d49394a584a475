/**
 * YAML for what can be said in JSON: in blocks, and on one line what fits there. Whatever a reader of some version of YAML
 * could take for something else than the text it is, is quoted.
 */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [field: string]: Json | undefined }

const lineMax = 100
const step = '  '

/** One document. Fields that are undefined are left out. Throws for numbers that JSON does not know. */
export const yamlOf = (value: Json): string => `${linesOf(value, 0).join('\n')}\n`

/** Several documents in one file. */
export const yamlDocuments = (values: readonly Json[]): string => values.map(yamlOf).join('---\n')

type Fields = readonly (readonly [string, Json])[]

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

function fieldsOf(value: Json): Fields | undefined {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined
  return Object.entries(value).filter(([, field]) => field !== undefined)
}

/** A value by itself: on one line where it fits, else a line for each of its parts. */
function linesOf(value: Json, indent: number): string[] {
  const fields = fieldsOf(value)
  if (isList(value) && value.length > 0) return value.flatMap((item) => itemLines(item, indent))
  if (fields !== undefined && fields.length > 0) return fields.flatMap((field) => fieldLines(field, indent))
  return [typeof value === 'string' ? quoted(value) : inline(value)!]
}

function itemLines(item: Json, indent: number): string[] {
  const flow = inline(item)
  if (flow !== undefined && (isScalar(item) || indent + 2 + flow.length <= lineMax)) return [`- ${flow}`]
  const literal = literalOf(item)
  if (literal !== undefined) return [`- ${literal.mark}`, ...literal.lines.map(indented)]
  const [first, ...rest] = linesOf(item, indent + 2)
  return [`- ${first}`, ...rest.map(indented)]
}

function fieldLines([name, value]: readonly [string, Json], indent: number): string[] {
  const key = quoted(name)
  const flow = inline(value)
  if (flow !== undefined && (isScalar(value) || indent + key.length + 2 + flow.length <= lineMax))
    return [`${key}: ${flow}`]
  const literal = literalOf(value)
  if (literal !== undefined) return [`${key}: ${literal.mark}`, ...literal.lines.map(indented)]
  return [`${key}:`, ...linesOf(value, indent + 2).map(indented)]
}

const indented = (line: string): string => (line === '' ? '' : step + line)

/** Whether a value is one word, which stands on its line however long that gets. */
const isScalar = (value: Json): boolean =>
  typeof value !== 'object' || value === null || (isList(value) ? value.length === 0 : fieldsOf(value)!.length === 0)

/** A value on one line; undefined where a text in it has several. */
function inline(value: Json): string | undefined {
  if (isList(value)) {
    const items = value.map(inline)
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
  }
  const fields = fieldsOf(value)
  if (fields !== undefined) {
    const parts = fields.map(([name, field]) => ({ name, text: inline(field) }))
    if (parts.some(({ text }) => text === undefined)) return undefined
    return parts.length === 0 ? '{}' : `{ ${parts.map(({ name, text }) => `${quoted(name)}: ${text}`).join(', ')} }`
  }
  if (typeof value === 'string') return literalOf(value) === undefined ? quoted(value) : undefined
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} cannot be written as YAML.`)
  return JSON.stringify(value ?? null)
}

const plain = /^[A-Za-z/][\w./-]*$/
/** Words that some version of YAML reads as a truth value or as nothing. */
const taken = /^(y|n|yes|no|on|off|true|false|null)$/i
/** What must be escaped, since a reader may take it for the end of a line, or refuse it. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u

function quoted(text: string): string {
  if (plain.test(text) && !taken.test(text)) return text
  if (/'/.test(text) && !/["\\]/.test(text) && !unprintable.test(text)) return `"${text}"`
  if (!unprintable.test(text)) return `'${text.replaceAll("'", "''")}'`
  return JSON.stringify(text).replaceAll(
    new RegExp(unprintable, 'gu'),
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A text of several lines as it stands, which ends with one line break and has nothing that must be escaped. */
function literalOf(value: Json): { mark: string; lines: string[] } | undefined {
  if (typeof value !== 'string' || !/^[^\s][^]*[^\n]\n$/.test(value)) return undefined
  const lines = value.slice(0, -1).split('\n')
  return lines.length < 2 || lines.some((line) => unprintable.test(line)) ? undefined : { mark: '|', lines }
}
