/** The sentences that stand above operations, events and jobs in the sources: what the documentation says of them. */
import { readFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'

type Sentences = Map<string, string>

/** The sentence above each operation of a `contract.ts`, by the operation's name. */
export function sentencesOfOperations(file: string): Sentences {
  return collect(file, (visit) => ({
    CallExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'defineContract') return
      const [, operations] = node.arguments
      if (operations?.type !== 'ObjectExpression') return
      for (const property of operations.properties) {
        if (property.type === 'Property' && property.key.type === 'Identifier') visit(property.key.name, property.start)
      }
    },
  }))
}

/** The sentence above each exported constant of an `events.ts` or `jobs.ts`, by the constant's name. */
export function sentencesOfExports(file: string): Sentences {
  return collect(file, (visit) => ({
    ExportNamedDeclaration(node) {
      if (node.declaration?.type !== 'VariableDeclaration') return
      for (const { id } of node.declaration.declarations) if (id.type === 'Identifier') visit(id.name, node.start)
    },
  }))
}

type Visit = (name: string, start: number) => void

function collect(file: string, visitorOf: (visit: Visit) => ConstructorParameters<typeof Visitor>[0]): Sentences {
  const text = readFileSync(file, 'utf8')
  const { program, comments } = parseSync(file, text)
  const sentences: Sentences = new Map()
  const visit: Visit = (name, start) => {
    const above = comments.findLast(({ end }) => end <= start && text.slice(end, start).trim() === '')
    if (above) sentences.set(name, plain(above.value))
  }
  new Visitor(visitorOf(visit)).visit(program)
  return sentences
}

const plain = (comment: string): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*+\s?/, '').trim())
    .filter((line) => line !== '')
    .join(' ')
