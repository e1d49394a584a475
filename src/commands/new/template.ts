/** The files of a new module, from `template/`: whole texts in which only words are exchanged. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type Words = {
  name: string
  /** Of its ids. */
  prefix: string
  today: string
}

const folder = join(import.meta.dirname, 'template')

/** By the file of the template; the others become files of the module's folder. */
const elsewhere: Record<string, (name: string) => string> = {
  'module.test.ts': (name) => `src/modules/${name}/${name}.test.ts`,
  'samples.json': (name) => `tests/samples/${name}.json`,
  'story.ts': (name) => `tests/differential/story/${name}.ts`,
}

const ofModule = [
  'README.md',
  'contract.ts',
  'create-entry.ts',
  'errors.ts',
  'events.ts',
  'get-entry.ts',
  'index.ts',
  'module.ts',
  'queries.ts',
  'router.ts',
  'schema.ts',
]

export const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

/** The texts by their paths below the root. */
export async function moduleFiles(words: Words): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const file of [...ofModule, ...Object.keys(elsewhere)]) {
    const path = elsewhere[file]?.(words.name) ?? `src/modules/${words.name}/${file}`
    files.set(path, filled(await readFile(join(folder, `${file}.txt`), 'utf8'), words))
  }
  return files
}

const filled = (text: string, { name, prefix, today }: Words): string =>
  text
    .replaceAll('<name>', name)
    .replaceAll('<Name>', capitalised(name))
    .replaceAll('<prefix>', prefix)
    .replaceAll('<today>', today)
