/** Which files of modules each process has loaded, as `note-loaded.ts` noted them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What others may load of a module: what its door hands on. */
const contractFiles = ['index.ts', 'contract.ts', 'events.ts', 'jobs.ts', 'errors.ts']

/** The settings with which a process notes what it loads, in a file of its own in the folder. */
export const notingLoaded = (folder: string): Record<string, string> => ({
  NODE_OPTIONS: `--import ${new URL('note-loaded.ts', import.meta.url).href}`,
  LOADED_FOLDER: folder,
})

export type LoadedFiles = {
  /** The modules of which more was loaded than a contract, by their assemblies. */
  hosted: string[]
  /** The modules of which the contract was loaded. */
  contracts: string[]
  /** Files of other modules that are no part of a contract. */
  tooMuch: string[]
  /** Whether Express was loaded, which only the public face needs. */
  express: boolean
}

/** What the process has loaded so far, where it hosts these modules. */
export async function loadedBy(pid: number, folder: string, modules: readonly string[]): Promise<LoadedFiles> {
  const urls = (await readFile(join(folder, String(pid)), 'utf8')).trimEnd().split('\n')
  const files = urls.flatMap((url) => {
    const [, module, file] = /\/src\/modules\/([^/]+)\/(.+)$/.exec(url) ?? []
    return module === undefined || file === undefined ? [] : [{ module, file }]
  })
  const withFile = (name: string) => files.filter(({ file }) => file === name).map(({ module }) => module)
  return {
    hosted: withFile('module.ts').toSorted(),
    contracts: withFile('contract.ts').toSorted(),
    express: urls.some((url) => url.includes('/node_modules/express/')),
    tooMuch: files
      .filter(({ module, file }) => !modules.includes(module) && !contractFiles.includes(file))
      .map(({ module, file }) => `${module}/${file}`),
  }
}
