/**
 * Sources as the rules see them: parsed, with every import resolved by the project's import map. Roots are parameters,
 * so that a rule can be tried on a fixture that breaks it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { parseSync, visitorKeys } from 'oxc-parser'

/** A node of the syntax tree, of which a rule reads what it knows. */
export type Node = { type: string; start: number; end: number; [key: string]: unknown }

/** `to`: path below the root, or the package's specifier; `typeOnly`: gone when the program runs. */
export type Import = { specifier: string; to: string; inside: boolean; typeOnly: boolean; line: number }

/** `path` is below the root, with forward slashes; `comments` without their marks. */
export type Source = {
  path: string
  text: string
  program: Node
  comments: { text: string; line: number }[]
  imports: Import[]
}

/** What a rule found: where, and one sentence for a person. */
export type Finding = { rule: string; path: string; line: number; message: string }

export const print = ({ rule, path, line, message }: Finding): string => `${path}:${line} [${rule}] ${message}`

/** The sources below the given folders of `root`, those of rule fixtures excepted. */
export function readSources(root: string, folders = ['src', 'workers', 'bench', 'scripts', 'tests']): Source[] {
  const present = folders.map((folder) => join(root, folder)).filter((folder) => existsSync(folder))
  return present.flatMap((folder) => filesBelow(folder)).map((file) => readSource(root, file))
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) => !relative(folder, file).startsWith(`fixtures${sep}`) && !file.includes(`${sep}node_modules${sep}`),
    )
    .toSorted()
}

function readSource(root: string, file: string): Source {
  const path = relative(root, file).split(sep).join('/')
  const text = readFileSync(file, 'utf8')
  const { program, comments, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  const tree = program as unknown as Node
  return {
    path,
    text,
    program: tree,
    comments: comments.map(({ value, start }) => ({ text: value, line: lineOf(text, start) })),
    imports: findImports(tree, { path, text }),
  }
}

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** Calls `visit` for every node, parents first, with its parent. */
export function walk(node: Node, visit: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  visit(node, parent)
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key]
    const children = Array.isArray(value) ? value : [value]
    for (const child of children) if (isNode(child)) walk(child, visit, node)
  }
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

/** The text of a string literal or of a template without holes. */
export function stringOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Literal' && typeof value['value'] === 'string') return value['value']
  const quasis = value['quasis']
  if (value.type !== 'TemplateLiteral' || !Array.isArray(quasis) || quasis.length !== 1) return undefined
  return (quasis[0] as { value: { cooked: string } }).value.cooked
}

/** The name of an identifier, or what a `a.name` or `a['name']` ends with. */
export function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Identifier') return value['name'] as string
  if (value.type !== 'MemberExpression') return undefined
  return stringOf(value['property']) ?? (value['computed'] === true ? undefined : nameOf(value['property']))
}

function findImports(program: Node, source: { path: string; text: string }): Import[] {
  const imports: Import[] = []
  walk(program, (node) => {
    const specifier = stringOf(importSource(node))
    if (specifier === undefined) return
    const target = resolve(source.path, specifier)
    imports.push({ specifier, ...target, typeOnly: isTypeOnly(node), line: lineOf(source.text, node.start) })
  })
  return imports
}

const importingNodes = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]

function importSource(node: Node): unknown {
  if (importingNodes.includes(node.type)) return node['source']
  // A program started as a child or a thread is named by `new URL('./main.ts', import.meta.url)`.
  if (node.type !== 'NewExpression' || nameOf(node['callee']) !== 'URL') return undefined
  const [path, base] = node['arguments'] as unknown[]
  return isNode(base) && nameOf(base) === 'url' && stringOf(path)?.endsWith('.ts') ? path : undefined
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSImportType') return true
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true
  const specifiers = (node['specifiers'] ?? []) as Node[]
  return specifiers.length > 0 && specifiers.every((it) => it['importKind'] === 'type' || it['exportKind'] === 'type')
}

function resolve(from: string, specifier: string): { to: string; inside: boolean } {
  if (specifier.startsWith('#modules/')) return { to: `src/modules/${specifier.slice(9)}/index.ts`, inside: true }
  if (specifier.startsWith('#platform/')) return { to: `src/platform/${specifier.slice(10)}.ts`, inside: true }
  if (specifier.startsWith('#testing/')) return { to: `src/testing/${specifier.slice(9)}.ts`, inside: true }
  if (specifier.startsWith('.')) return { to: posix.join(dirname(from), specifier), inside: true }
  return { to: specifier, inside: false }
}
