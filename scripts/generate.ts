/**
 * Makes a module's next migration from its `schema.ts`: `npm run generate -- orders --name add_notes`, or `--all`.
 * drizzle-kit knows no partitions, so a journal's first migration is finished here.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const breakpoint = '--> statement-breakpoint'

/** The migration with every journal that it creates partitioned by month, and a default partition beside it. */
export function partitionJournals(migration: string): string {
  return migration
    .split(breakpoint)
    .flatMap((statement) => {
      const journal = /^\s*CREATE TABLE ("[^"]+"\.)"journal" \(/.exec(statement)
      if (journal === null) return [statement]
      const [, schema = ''] = journal
      const partitioned = statement.trimEnd().replace(/\);$/, ') PARTITION BY RANGE ("month");')
      // Without a default partition a journal would stop when nobody made next month's.
      return [partitioned, `\nCREATE TABLE ${schema}"journal_default" PARTITION OF ${schema}"journal" DEFAULT;`]
    })
    .map((statement, index, all) => (index < all.length - 1 ? statement.trimEnd() : statement))
    .join(breakpoint)
}

const migrationsOf = (module: string): string[] => {
  const folder = join(root, 'drizzle', module)
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.sql')) : []
}

function modulesWithTables(): string[] {
  const modules = join(root, 'src', 'modules')
  return readdirSync(modules).filter((name) => existsSync(join(modules, name, 'schema.ts')))
}

/** Returns the names of the migrations that were made: none when the schema has not changed. */
function generate(module: string, name: string | undefined): string[] {
  const before = migrationsOf(module)
  const drizzleKit = join(root, 'node_modules', 'drizzle-kit', 'bin.cjs')
  const options = ['--config=drizzle.config.ts', ...(name === undefined ? [] : [`--name=${name}`])]
  const env = { ...process.env, MODULE: module }
  const { status } = spawnSync(process.execPath, [drizzleKit, 'generate', ...options], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`drizzle-kit could not make the migration of ${module}.`)
  const made = migrationsOf(module).filter((file) => !before.includes(file))
  for (const file of made) {
    const path = join(root, 'drizzle', module, file)
    writeFileSync(path, partitionJournals(readFileSync(path, 'utf8')))
  }
  return made
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: {
      name: { type: 'string' },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  })
  const known = modulesWithTables()
  const usage = `Usage: npm run generate -- MODULE… | --all [--name what_it_does]\nModules: ${known.join(', ')}`
  if (values.help) return console.log(usage)
  const modules = values.all ? known : positionals
  const unknown = modules.filter((module) => !known.includes(module))
  if (modules.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) console.error(`No src/modules/<module>/schema.ts for: ${unknown.join(', ')}`)
    console.error(usage)
    process.exitCode = 1
    return
  }
  for (const module of modules) {
    const made = generate(module, values.name)
    console.log(`${module}: ${made.length === 0 ? 'no change' : made.join(', ')}`)
  }
}

if (import.meta.main) {
  try {
    main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
