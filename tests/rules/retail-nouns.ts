/**
 * Law 8, second half: the platform names no retail noun. Identifiers and strings are split into words (`cartId`,
 * `cart_id` and 'cart-id' all hold `cart`); comments may explain with examples. Words that have a technical meaning
 * are judged by their neighbours: `order by` and `in order` sort, a `stock client` is an unmodified one, and
 * `PAYMENT_REQUIRED` is HTTP's.
 */
import { isTest } from './architecture.ts'
import { lineOf, walk, type Finding, type Node, type Source } from './source.ts'

const retailNouns = new Set(
  (
    'product variant catalog catalogue category cart basket checkout order stock inventory warehouse sku price pricing ' +
    'discount coupon promotion payment refund invoice shipment shipping fulfilment parcel merchandise'
  ).split(' '),
)

// What the platform has to name after all: the shared vocabulary, and the settings that users rely on.
const allowed: Record<string, readonly string[]> = {
  'src/platform/values.ts': ['price'],
  'src/platform/config.ts': ['payment', 'shipping'],
}

const before: Record<string, readonly string[]> = {
  order: ['in', 'of', 'out', 'key', 'lane', 'lock', 'same', 'the', 'by'],
}
const after: Record<string, readonly string[]> = {
  order: ['by'],
  stock: ['client', 'clients', 'trpc', 'adapter', 'adapters'],
  payment: ['required'],
}

/** One finding per retail noun in the platform's code. */
export function retailNounsInPlatform(sources: Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/platform/') && !isTest(path))
    .flatMap((source) => {
      const findings: Finding[] = []
      const exceptions = allowed[source.path] ?? []
      walk(source.program, (node) => {
        const nouns = nounsIn(textOf(node)).filter((noun) => !exceptions.includes(noun))
        const line = lineOf(source.text, node.start)
        const found = nouns.map((noun) => ({ line, message: `the platform names a retail noun: ${noun}` }))
        findings.push(...found.map((it) => ({ rule: 'retail-nouns', path: source.path, ...it })))
      })
      return findings
    })
}

/** The retail nouns of a piece of code or text, in the singular. */
export function nounsIn(text: string): string[] {
  const words = wordsOf(text)
  return words.flatMap((word, index) => {
    const noun = retailNouns.has(word) ? word : singular(word)
    if (!retailNouns.has(noun)) return []
    const technical =
      word === noun &&
      ((before[noun]?.includes(words[index - 1] ?? '') ?? false) ||
        (after[noun]?.includes(words[index + 1] ?? '') ?? false))
    return technical ? [] : [noun]
  })
}

const singular = (word: string): string => (word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.replace(/s$/, ''))

const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')

function textOf(node: Node): string {
  if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') return node['name'] as string
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node.type === 'TemplateElement') return (node['value'] as { raw: string }).raw
  return ''
}
