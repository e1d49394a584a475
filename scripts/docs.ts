/**
 * Makes the documentation that follows from the contracts: `docs/api.md`, and the map in `README.md`.
 * `npm run docs`; a test sees that nobody forgot it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiPage } from './docs/api-page.ts'
import { withMap } from './docs/map.ts'
import { readModules } from './docs/read-modules.ts'

const root = join(import.meta.dirname, '..')

/** The generated files as they should be, by their path below the root. */
export async function generatedDocs(): Promise<Map<string, string>> {
  return new Map([
    ['docs/api.md', apiPage(await readModules())],
    ['README.md', withMap(readFileSync(join(root, 'README.md'), 'utf8'))],
  ])
}

if (import.meta.main) for (const [path, text] of await generatedDocs()) writeFileSync(join(root, path), text)
