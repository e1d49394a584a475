/**
 * Makes what follows from the contracts and the graph: `contracts/*.json`, `docs/api.md`, the map in `README.md`, and what runs some of
 * the topologies, which is kept so that a change of it is seen. `npm run docs`; a test sees that nobody forgot it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTopology } from '#platform/host/topology'
import { composeText, kubernetesText } from '../src/commands/deploy/files.ts'
import { contractsFolder, withdrawnFile } from '../src/contract-files/contract-file.ts'
import { contractsOfThisTree, pathsAndTexts } from '../src/contract-files/promises.ts'
import { moduleNames } from '../src/modules.ts'
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
    ...(await deployments()),
  ])
}

const deploymentsFolder = 'tests/fixtures/deploy'
const texts = { compose: composeText, kubernetes: kubernetesText }

/** What `hall deploy` prints for the topologies of which it is kept. */
const deployments = (): Promise<[path: string, text: string][]> =>
  Promise.all(
    readdirSync(join(root, deploymentsFolder)).map(async (file) => {
      const [name, kind] = file.split('.') as [string, keyof typeof texts]
      const path = `topologies/${name}.json`
      const options = {
        image: 'markethall',
        context: '.',
        file: `${kind}.yaml`,
        madeBy: `deploy ${kind} --topology ${path}`,
      }
      return [`${deploymentsFolder}/${file}`, texts[kind](await readTopology(join(root, path), moduleNames), options)]
    }),
  )

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
