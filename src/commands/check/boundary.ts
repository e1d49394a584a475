/**
 * Who reaches over a module's border other than by its door, read from what the sources import. A look at the specifiers, without
 * a parser, so that a hall in production can be asked, too; the gate is `npm run boundaries`, which parses.
 */
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { filesBelow } from '../files-below.ts'

export type Crossing = { path: string; to: string }

/**
 * `from '…'`, `import '…'`, `import('…')`, and a program that is started by a URL beside `import.meta.url`. What is put together while it
 * runs (`${…}`) names no file: such lines are in texts that the tool writes.
 */
const specifiers =
  /\b(?:from|import)\b\s*\(?\s*['"`]([^'"`\n$]+)['"`]|new URL\(\s*['"]([^'"\n]+\.ts)['"],\s*import\.meta\.url/g

const folders: Readonly<Record<string, string>> = {
  '#modules/': 'src/modules/*/index.ts',
  '#platform/': 'src/platform/*.ts',
  '#testing/': 'src/testing/*.ts',
}

/** The paths below the root that a source imports, those of packages left out. */
export function importsOf({ path, text }: { path: string; text: string }): string[] {
  const named = [...text.matchAll(specifiers)].map(([, specifier, program]) => specifier ?? program!)
  return named.flatMap((specifier) => {
    if (specifier.startsWith('.')) return [posix.join(posix.dirname(path), specifier)]
    const prefix = Object.keys(folders).find((each) => specifier.startsWith(each))
    return prefix === undefined ? [] : [folders[prefix]!.replace('*', specifier.slice(prefix.length))]
  })
}

const ownerOf = (path: string): string | undefined => /^src\/modules\/([^/]+)\//.exec(path)?.[1]

/** What of the program below `root` reaches into the module, or from it into others, past the doors. */
export function crossingsOf(root: string, module: string): { seen: number; crossings: Crossing[] } {
  const paths = sourcesBelow(root)
  const crossings = paths.flatMap((path) => {
    const own = ownerOf(path)
    return importsOf({ path, text: readFileSync(join(root, path), 'utf8') }).flatMap((to) => {
      const owner = ownerOf(to)
      if (owner === undefined || owner === own || (owner !== module && own !== module)) return []
      const door = to.slice(`src/modules/${owner}/`.length)
      const isOpen = door === 'index.ts' || (door === 'module.ts' && path === 'src/modules.ts')
      return isOpen ? [] : [{ path, to }]
    })
  })
  return { seen: paths.length, crossings }
}

/** Every file of the program: what is there for tests may reach further, and does not leave with anybody. */
function sourcesBelow(root: string): string[] {
  return ['src', 'workers']
    .flatMap((folder) => filesBelow(root, folder))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.split('/').includes('testing'))
    .toSorted()
}
