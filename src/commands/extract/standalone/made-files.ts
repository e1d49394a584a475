/** The files of a module's own project that are not as they are here: they name fewer modules, or one process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ModuleName, moduleNames } from '../../../modules.ts'
import { printTopology } from '../../topologies.ts'
import { circleOf, neighbourFolder, type Project, providerIn } from './parts.ts'
import { readmeOf } from './readme.ts'

const topologyFile = 'topology.json'
const internalPort = 4001
const lineMax = 120

/** The texts by their paths in the project. `root` is where the hall's own files are. */
export function madeFiles(root: string, project: Project): Map<string, string> {
  const { module, topology, dataDir } = project
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  return new Map([
    ['package.json', packageText(read('package.json'), project)],
    ['README.md', readmeOf(project)],
    [topologyFile, printTopology(topology)],
    ['.env', environmentText(dataDir)],
    ['.dockerignore', dockerignoreText(read('.dockerignore'), module)],
    ['Dockerfile', dockerfileText(read('Dockerfile'), project)],
    ['src/main.ts', mainText(module)],
    ['src/modules.ts', modulesText(read('src/modules.ts'), module)],
    ['src/contracts.ts', contractsText(read('src/contracts.ts'), module)],
    ['src/testing/hostable.ts', hostableText(read('src/modules.ts'), module)],
  ])
}

/** The text with one part of it changed. Throws where it is not there once: then our own file has changed, and this must follow it. */
function changed(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`A file of a project of its own is made from one with: ${from}`)
  return text.replace(from, () => to)
}

type PackageFile = { name: string; description: string; scripts: Record<string, string> }

/** Ours with all its dependencies, which are those of the lock file, and the scripts that make sense for one module. */
function packageText(text: string, { module, process }: Project): string {
  const own = JSON.parse(text) as PackageFile
  const { start, worker, test, check, boundaries, format, generate } = own.scripts
  const scripts = {
    start: `${start} --topology ${topologyFile} --process ${process}`,
    worker: `${worker} --topology ${topologyFile} ${module}`,
    test,
    // Not all of the platform is used there, so a search for dead code would find some.
    check: changed(check!, ' && knip', ''),
    boundaries,
    format,
    generate,
  }
  const description = `The module ${module} of Markethall, as a project of its own.`
  return `${JSON.stringify({ ...own, name: module, description, scripts }, undefined, 2)}\n`
}

const environmentText = (dataDir: string): string =>
  `# On one machine with the hall: its database, and the secret by which its processes know each other.
DATA_DIR=${dataDir}
`

const dockerignoreText = (text: string, module: string): string =>
  changed(changed(text, '!drizzle\n', `!drizzle/${module}\n`), '!topologies\n', `!${topologyFile}\n`)

function dockerfileText(text: string, { module, process }: Project): string {
  const body = text.slice(text.indexOf('\nFROM '))
  const where = `"--topology", "${topologyFile}", "--process", "${process}"`
  const changes = [
    ['PORT=4000', `INTERNAL_PORT=${internalPort}`],
    ['EXPOSE 4000', `EXPOSE ${internalPort}`],
    ['process.env.PORT}', 'process.env.INTERNAL_PORT}'],
    ['COPY topologies ./topologies', `COPY ${topologyFile} ./`],
    ['"src/main.ts"]', `"src/main.ts", ${where}]`],
  ] as const
  const head = [
    'One image; its command decides the role:',
    `  the process   node src/main.ts --topology FILE --process ${process}      (the default, with ${topologyFile})`,
    `  its worker    node workers/main.ts --topology FILE ${module}`,
    'It needs HALL_SECRET and DATABASE_URL, and where the hall has them REDIS_URL or QUEUE_DATABASE_URL: the same as the hall.',
  ]
  return `${head.map((line) => `# ${line}\n`).join('')}${changes.reduce((made, [from, to]) => changed(made, from, to), body)}`
}

const mainText = (module: string): string => `/** The process of ${module}: \`npm start\`. */
${importLine('{ startProcess }', './start-process.ts')}

startProcess()
`

/** The whole graph, since it is names only and decides who may call; and the one loader. */
function modulesText(text: string, module: string): string {
  const loaders = loaderLines(text)
  const others = moduleNames.filter((name) => name !== module)
  const cut = others.reduce((made, name) => changed(made, `${loaders[name]}\n`, ''), text)
  return changed(cut, 'loaders: Record<ModuleName, Loader>', 'loaders: Partial<Record<ModuleName, Loader>>')
}

/** The line that loads each module, by its name. */
function loaderLines(text: string): Record<ModuleName, string> {
  const lines = [...text.matchAll(/^  (\w+): async [^\n]*import\('\.\/modules\/\1\/module\.ts'\)[^\n]*,$/gm)]
  const byName = Object.fromEntries(lines.map(([line, name]) => [name!, line]))
  const without = moduleNames.find((name) => byName[name] === undefined)
  if (without !== undefined) throw new Error(`src/modules.ts has no line of its own that loads ${without}.`)
  return byName as Record<ModuleName, string>
}

/** The contracts of the module and of those that it depends on. */
function contractsText(text: string, module: ModuleName): string {
  const circle: readonly string[] = circleOf(module)
  const names = [...text.matchAll(/^import \{ contract as (\w+) \} from '#modules\/\1'$/gm)].map(([, name]) => name!)
  return names
    .filter((name) => !circle.includes(name))
    .reduce((made, name) => {
      const withoutImport = changed(made, `${importLine(`{ contract as ${name} }`, `#modules/${name}`)}\n`, '')
      return changed(withoutImport, `\n  ${name},\n`, '\n')
    }, text)
}

/** What a test hall can host there. */
function hostableText(modules: string, module: ModuleName): string {
  const loaders = loaderLines(modules)
  const neighbours = circleOf(module).filter((name) => name !== module)
  const fromHere = (path: string) => (path.startsWith('src/') ? path.replace('src/', '../') : `../../${path}`)
  const lines = neighbours.map((name) =>
    wrapped(changed(loaders[name], `./modules/${name}/`, `${fromHere(neighbourFolder(name))}/`)),
  )
  const sandbox = providerIn(module)
  const imports = [
    importLine('type { HallDefinition }', '#platform/host/open-process'),
    ...(sandbox === undefined ? [] : [importLine('{ startSandbox }', fromHere(sandbox))]),
    importLine('{ loaders as own, moduleNames }', '../modules.ts'),
  ]
  const provider =
    sandbox === undefined
      ? `/** No test here has payments, so none needs their provider. */
export const startProvider = (): Promise<{ url: string; close(): Promise<void> } | undefined> =>
  Promise.resolve(undefined)`
      : `/** The payment provider's sandbox, for a hall with payments. */
export const startProvider = () => startSandbox({ port: 0, file: ':memory:', synchronous: 'off' })`
  return `/** The modules that a test hall can host: ${module}, and those that it depends on, which are in tests/neighbours. */
${imports.join('\n')}

export const loaders: HallDefinition['loaders'] = {
  ...own,
${lines.map((line) => `${line}\n`).join('')}}

export const hostable = moduleNames.filter((name) => loaders[name] !== undefined)

${provider}
`
}

/** Put together here, so that what a project imports does not look like an import of this file. */
const importLine = (what: string, path: string): string => ['import', what, 'from', `'${path}'`].join(' ')

/** As the formatter breaks a line that is too long. */
const wrapped = (line: string): string => (line.length > lineMax ? line.replace(' => ', ' =>\n    ') : line)
