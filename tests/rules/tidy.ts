/** The rules of style.md 10 to 12 that can be counted: sizes, names, parameters, notes to oneself, files without a user. */
import { basename } from 'node:path'
import { isTest } from './architecture.ts'
import { isNode, lineOf, nameOf, walk, type Finding, type Node, type Source } from './source.ts'

const fileLinesMax = 300
const functionLinesMax = 70
const parametersMax = 3

/** Files longer than 300 lines, those in `allowed` (path to the number of lines that it may have) excepted. */
export function longFiles(sources: Source[], allowed: Record<string, number> = {}): Finding[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    const limit = allowed[path] ?? fileLinesMax
    return lines > limit ? [{ rule: 'long-files', path, line: limit, message: `has ${lines} lines, of ${limit}` }] : []
  })
}

/** Functions longer than 70 lines. The callback of a test's `describe` is a chapter, not a function. */
export function longFunctions(sources: Source[]): Finding[] {
  return findingsInFunctions(sources, 'long-functions', (node, { text, parent }) => {
    if (parent?.type === 'CallExpression' && isDescribe(parent['callee'])) return undefined
    const lines = lineOf(text, node.end) - lineOf(text, node.start) + 1
    return lines > functionLinesMax ? `a function of ${lines} lines, of ${functionLinesMax}` : undefined
  })
}

/** `describe` itself, or what `describe.each(…)` makes. */
function isDescribe(callee: unknown): boolean {
  if (nameOf(callee) === 'describe') return true
  const { type, callee: maker, object } = callee as { type?: string; callee?: unknown; object?: unknown }
  return type === 'CallExpression' ? isDescribe(maker) : type === 'MemberExpression' && isDescribe(object)
}

/** Functions with more than three parameters, those in `allowed` (path to the number of them) excepted. */
export function manyParameters(sources: Source[], allowed: Record<string, number> = {}): Finding[] {
  return findingsInFunctions(sources, 'many-parameters', (node, { path }) => {
    const { length } = node['params'] as Node[]
    return length > (allowed[path] ?? parametersMax)
      ? `a function of ${length} parameters, of ${parametersMax}`
      : undefined
  })
}

const functionNodes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']

type Judge = (node: Node, place: { path: string; text: string; parent: Node | undefined }) => string | undefined

function findingsInFunctions(sources: Source[], rule: string, judge: Judge): Finding[] {
  return sources.flatMap(({ path, text, program }) => {
    const findings: Finding[] = []
    walk(program, (node, parent) => {
      const message = functionNodes.includes(node.type) ? judge(node, { path, text, parent }) : undefined
      if (message !== undefined) findings.push({ rule, path, line: lineOf(text, node.start), message })
    })
    return findings
  })
}

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/
const emptyWords = ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager', 'processor']

/** File and folder names: kebab-case, and no word that says nothing. */
export function fileNames(sources: Source[]): Finding[] {
  return sources.flatMap(({ path }) => {
    const parts = path.replace(/(\.test)?\.ts$/, '').split('/')
    const messages = parts.flatMap((part) => {
      if (!kebabCase.test(part)) return [`${part} is not kebab-case`]
      return part.split('-').some((word) => emptyWords.includes(word)) ? [`${part} says nothing`] : []
    })
    return messages.map((message) => ({ rule: 'file-names', path, line: 1, message }))
  })
}

const declaringNodes = [
  'VariableDeclarator',
  'FunctionDeclaration',
  'ClassDeclaration',
  'TSTypeAliasDeclaration',
  'TSInterfaceDeclaration',
]
const emptyName = /(Manager|Processor|Helpers?|Utils?)$/

/** What is declared here has a name that says something; what a package calls its own is not ours. */
export function declaredNames(sources: Source[]): Finding[] {
  return sources.flatMap(({ path, text, program }) => {
    const findings: Finding[] = []
    walk(program, (node) => {
      const name = declaringNodes.includes(node.type) ? nameOf(node['id']) : undefined
      if (name === undefined || !emptyName.test(name)) return
      const line = lineOf(text, node.start)
      findings.push({ rule: 'declared-names', path, line, message: `${name} says nothing` })
    })
    return findings
  })
}

/** Every note to oneself names an issue: `TODO(#12)`. */
export function looseTodos(sources: Source[]): Finding[] {
  return sources.flatMap(({ path, comments }) =>
    comments
      .filter(({ text }) => /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(text))
      .map(({ line }) => ({ rule: 'loose-todos', path, line, message: 'a note without an issue: TODO(#12)' })),
  )
}

/** No `export *`: a door names what it hands on. */
export function exportStars(sources: Source[]): Finding[] {
  return sources.flatMap(({ path, text, program }) =>
    ((program['body'] ?? []) as unknown[])
      .filter((node) => isNode(node) && node.type === 'ExportAllDeclaration')
      .map((node) => lineOf(text, (node as Node).start))
      .map((line) => ({ rule: 'export-stars', path, line, message: 'export * hides what is handed on' })),
  )
}

// Programs, and what is found by its place: the loader imports module.ts, the migration tool reads schema.ts.
const entries = [
  /^src\/(main|hall|modules|quick-imports)\.ts$/,
  /^src\/commands\/[^/]+\.ts$/,
  /^src\/modules\/[^/]+\/(index|module|schema)\.ts$/,
  /^src\/modules\/[^/]+\/sandbox\/main\.ts$/,
  /^(workers|bench|scripts)\/[^/]+\.ts$/,
  /^tests\/setup\//,
  /^tests\/chaos\/(main|moving-clock)\.ts$/,
  /^tests\/topologies\/(main|note-loaded)\.ts$/,
]

/**
 * Files that nobody imports. What only tests import counts as unused too, unless it is made for tests: that is code
 * which only its own test keeps alive.
 */
export function unusedFiles(sources: Source[]): Finding[] {
  const isForTests = (path: string): boolean => isTest(path) || /(^|\/)(testing|sandbox)\//.test(path)
  const edges = sources.flatMap(({ path, imports }) => imports.map(({ to }) => ({ from: path, to })))
  return sources
    .filter(({ path }) => !basename(path).endsWith('.test.ts') && !entries.some((entry) => entry.test(path)))
    .filter(({ path }) => !edges.some(({ from, to }) => to === path && (!isTest(from) || isForTests(path))))
    .map(({ path }) => ({ rule: 'unused-files', path, line: 1, message: 'nobody imports it' }))
}
