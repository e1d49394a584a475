/** JSON Schemas as contract files hold them: in one order, so that a diff shows changes and nothing else. */

export type JsonSchema = { readonly [keyword: string]: unknown }

export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The schema with its keywords in one order: the type, then the others by the alphabet. Fields stay in the order of their contract: what is hashed of a command's input, to
 * know it again under its key, follows it.
 */
export function inOrder(schema: JsonSchema): JsonSchema {
  const keywords = Object.keys(schema).filter((keyword) => keyword !== '$schema')
  const place = (keyword: string): string => (keyword === 'type' ? '' : keyword)
  const sortedKeywords = keywords.toSorted((one, other) => (place(one) < place(other) ? -1 : 1))
  return Object.fromEntries(sortedKeywords.map((keyword) => [keyword, keywordInOrder(keyword, schema[keyword])]))
}

function keywordInOrder(keyword: string, value: unknown): unknown {
  if (keyword === 'properties' && isSchema(value))
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, ordered(field)]))
  if (keyword === 'required' || keyword === 'enum' || keyword.startsWith('x-')) return sorted(value)
  return Array.isArray(value) ? value.map(ordered) : ordered(value)
}

const ordered = (value: unknown): unknown => (isSchema(value) ? inOrder(value) : value)

const sorted = (value: unknown): unknown =>
  Array.isArray(value) && value.every((each) => typeof each === 'string') ? value.toSorted() : value
