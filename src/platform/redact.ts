/** Leaves out of what an operator is shown what is nobody's business but the customer's, or opens doors. */

/** Fields of the shared vocabulary, and of every module, whose value is not shown. */
const sensitive: ReadonlySet<string> = new Set([
  'address',
  'accesstoken',
  'apikey',
  'authorization',
  'cardtoken',
  'city',
  'email',
  'key',
  'keyhash',
  'line1',
  'line2',
  'password',
  'passwordhash',
  'phone',
  'postalcode',
  'recipient',
  'refreshtoken',
  'secret',
  'signature',
  'source',
  'token',
])

const hidden = '[redacted]'

/** The value with every sensitive field, at any depth, replaced. */
export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted)
  if (typeof value !== 'object' || value === null) return value
  const shown = Object.entries(value).map(([name, each]) => [
    name,
    sensitive.has(name.toLowerCase().replaceAll('_', '')) && each !== null ? hidden : redacted(each),
  ])
  return Object.fromEntries(shown) as unknown
}
