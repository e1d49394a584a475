/**
 * Runs dependency-cruiser over the sources and fails on every crossed boundary, and also when it saw no module:
 * with a TypeScript that it does not know it reads nothing and reports success.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { VariableDeclarator } from '@swc/core'
import { Visitor } from '@swc/core/Visitor.js'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'

const projectRoot = join(import.meta.dirname, '..')
const sourceFolders = ['src', 'workers', 'bench', 'scripts', 'tests']

// swc parses `using` and `await using`, but the visitor that dependency-cruiser extends stops at them.
const visitKnownStatement = Visitor.prototype.visitStatement
Visitor.prototype.visitStatement = function visitStatement(statement) {
  const using = statement as unknown as { type: string; decls: VariableDeclarator[] }
  if (using.type !== 'UsingDeclaration') return visitKnownStatement.call(this, statement)
  using.decls = this.visitVariableDeclarators(using.decls)
  return statement
}

/** `seen`: how many files were read; `violations`: one line each, with the rule's name in front. */
export type BoundaryReport = { seen: number; violations: string[] }

/** Cruises the source folders below `root`, with the rules of this project. */
export async function checkBoundaries(root: string): Promise<BoundaryReport> {
  const options = await extractOptions(join(projectRoot, '.dependency-cruiser.cjs'))
  const folders = sourceFolders.filter((folder) => existsSync(join(root, folder)))
  if (folders.length === 0) return { seen: 0, violations: [] }
  const result = await cruise(folders, { ...options, validate: true, baseDir: root })
  const { modules, summary } = result.output as ICruiseResult
  return {
    seen: modules.filter((module) => sourceFolders.some((folder) => module.source.startsWith(`${folder}/`))).length,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
  }
}

if (import.meta.main) {
  const { seen, violations } = await checkBoundaries(projectRoot)
  for (const violation of violations) console.error(violation)
  console.log(`Boundaries: ${seen} files seen, ${violations.length} crossings.`)
  if (seen === 0) console.error('No file was seen: the parser is missing or broken, so nothing was checked.')
  if (seen === 0 || violations.length > 0) process.exitCode = 1
}
