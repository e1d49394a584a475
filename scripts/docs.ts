/**
 * Makes what follows from the contracts: `contracts/*.json`, `docs/api.md`, and the map in `README.md`.
 * `npm run docs`; a test sees that nobody forgot it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contractsFolder, withdrawnFile } from '../src/contract-files/contract-file.ts'
import { contractsOfThisTree, pathsAndTexts } from '../src/contract-files/promises.ts'
import { apiPage } from './docs/api-page.ts'
import { withMap } from './docs/map.ts'
import { readModules } from './docs/read-modules.ts'

const root = join(import.meta.dirname, '..')

/** The generated files as they should be, by their path below the root. */
export async function generatedDocs(): Promise<Map<string, string>> {
  return new Map([
    ...pathsAndTexts(await contractsOfThisTree()),
    ['docs/api.md', apiPage(await readModules())],
    ['README.md', withMap(readFileSync(join(root, 'README.md'), 'utf8'))],
  ])
}

/** Files that lie among the contracts and are of no module. */
export const strayContracts = (generated: ReadonlyMap<string, string>): string[] =>
  readdirSync(join(root, contractsFolder))
    .filter((file) => file.endsWith('.json'))
    .map((file) => `${contractsFolder}/${file}`)
    .filter((path) => !generated.has(path) && path !== withdrawnFile)

if (import.meta.main) {
  const generated = await generatedDocs()
  mkdirSync(join(root, contractsFolder), { recursive: true })
  for (const [path, text] of generated) writeFileSync(join(root, path), text)
  for (const path of strayContracts(generated)) rmSync(join(root, path))
}
