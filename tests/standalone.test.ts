/** `hall extract MODULE --standalone DIR`: a project of its own that installs, is checked, passes its tests, and serves the rest of the hall. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { brokenInvariants } from '#testing/invariants'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importsOf } from '../src/commands/check/boundary.ts'
import { circleOf, partsOf } from '../src/commands/extract/standalone/parts.ts'
import { moduleNames } from '../src/modules.ts'
import { filesBelow } from '../src/commands/files-below.ts'
import { runAlone } from './command-line.ts'
import { settled } from './processes/books.ts'
import { openTerminal, type Terminal } from './processes/terminal.ts'
import { openWorld, type World } from './processes/world.ts'
import { imageOf } from './rules/image.ts'
import { sourcesNow } from './sources-now.ts'
import { buy, onceItMay, openShop, orderOnce } from './topologies/shop.ts'

const root = join(import.meta.dirname, '..')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'markethall-standalone-'))
  // As root the tests' database belongs to another user, who must find its programs in the project.
  await chmod(folder, 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

const extract = (module: string, project: string, ...more: string[]) =>
  runAlone(['extract', module, '--out', `${project}-deploy`, '--standalone', project, ...more])

const ownFiles = (module: string): string[] => filesBelow(root, `src/modules/${module}`)

/** The files that are loaded where these are, and what any of them imports that is not there. */
function loadedFrom(project: string, entries: readonly string[]): { loaded: Set<string>; missing: string[] } {
  const loaded = new Set(entries)
  const missing: string[] = []
  for (const path of loaded) {
    if (!path.endsWith('.ts')) continue
    for (const to of importsOf({ path, text: readFileSync(join(project, path), 'utf8') })) {
      if (existsSync(join(project, to))) loaded.add(to)
      else missing.push(`${path} imports ${to}`)
    }
  }
  return { loaded, missing }
}

describe('any module', () => {
  test.each(moduleNames)(
    '%s: all of it, of others the contracts, and an image that has what it runs',
    async (module) => {
      const project = join(folder, 'written', module)
      expect(await extract(module, project)).toMatchObject({ code: 0, err: '' })
      const files = filesBelow(project)

      const programs = ['src/quick-imports.ts', 'src/main.ts', 'workers/main.ts']
      const { loaded, missing } = loadedFrom(project, programs)
      expect(missing).toEqual([])
      const ofOthers = [...loaded].filter(
        (path) => /^src\/modules\/|^tests\//.test(path) && !path.includes(`/${module}/`),
      )
      const contract = /^src\/modules\/\w+\/(index|contract|events|jobs|errors)\.ts$/
      expect(ofOthers.filter((path) => !contract.test(path))).toEqual([])
      expect(files.filter((path) => path.startsWith('src/modules/')).toSorted()).toEqual(
        [...ofOthers, ...ownFiles(module)].toSorted(),
      )

      // Its tests find all that they import, down to the modules that they are run with.
      const tests = files.filter((path) => /\.test\.ts$|^tests\//.test(path))
      expect(loadedFrom(project, [...tests, 'drizzle.config.ts', 'vitest.config.ts']).missing).toEqual([])
      expect(tests.filter((path) => path.endsWith('.test.ts'))).toEqual(
        ownFiles(module).filter((path) => path.endsWith('.test.ts')),
      )

      const image = imageOf(project)
      expect(image.copied.filter((path) => !existsSync(join(project, path)))).toEqual([])
      expect(image.programs).toEqual(expect.arrayContaining(['src/main.ts', 'workers/main.ts']))
      expect([...loaded].filter((path) => !image.holds(path))).toEqual([])
      expect(files.filter((path) => path.startsWith('drizzle/') && image.holds(path))).toEqual(
        files.filter((path) => path.startsWith(`drizzle/${module}/`)),
      )
    },
  )

  test('goes along with those that it depends on, and with no others', () => {
    expect(circleOf('catalog')).toEqual(['catalog'])
    expect(circleOf('fulfilment')).toEqual(['orders', 'payments', 'fulfilment'])
    expect(circleOf('audit')).toEqual(moduleNames)
  })

  test('cannot be written where something is missing, and says what', () => {
    expect(() => partsOf(join(root, 'tests/fixtures/architecture/doors'), 'orders', new Set())).toThrow(
      / is not here\. A project of its own is written from a checkout of the repository\.$/,
    )
  })
})

describe('a folder that is not free', () => {
  const refused = async (project: string, why: string) => {
    const before = readdirSync(folder)
    expect(await extract('orders', project)).toMatchObject({ code: 1, out: [], err: expect.stringContaining(why) })
    expect(readdirSync(folder)).toEqual(before)
  }

  test('is refused: one with something in it, a file, the hall, one inside it or around it, also by a link', async () => {
    const full = join(folder, 'full')
    await mkdir(full)
    await writeFile(join(full, 'notes.txt'), 'mine\n')
    await refused(full, 'is not empty')
    await refused(join(full, 'notes.txt'), 'is a file')
    await refused(root, 'is this hall')
    await refused(join(root, 'src/modules/shop'), 'is inside this hall')
    await refused(join(root, '..'), 'is around this hall')
    await symlink(root, join(folder, 'link'))
    await refused(join(folder, 'link', 'shop'), 'is inside this hall')
    await rm(join(folder, 'link'))
  })

  test('stays as it was where the deployment is not written', async () => {
    const project = join(folder, 'undone')
    await mkdir(`${project}-deploy`)
    await writeFile(join(`${project}-deploy`, 'compose.yaml'), 'services: {}\n')
    await refused(project, 'was not made by this tool')
    expect(existsSync(project)).toBe(false)
  })

  test('is one without its module, where there is no such module', async () => {
    const said = await extract('sales', join(folder, 'sales'))
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining('There is no module sales') })
    expect(existsSync(join(folder, 'sales'))).toBe(false)
  })
})

/** Checkout calls it, it calls orders, and both it and orders hear of what the other did. */
const module = 'fulfilment'
const installMsMax = 300_000
const startMsMax = 120_000

describe(`${module}, step by step as somebody takes it away`, () => {
  let project: string
  let out: string
  let world: World
  let before: Map<string, string>
  let terminal: Terminal
  beforeAll(async () => {
    project = join(folder, module)
    out = `${project}-deploy`
    before = await sourcesNow()
    world = await openWorld({ outside: [module] })
    // Of ours it has neither Node nor packages; where its data are it is told by the .env that was written for it.
    const { PATH = '', HOME = '' } = process.env
    const paths = PATH.split(delimiter).filter((path) => !path.includes('node_modules'))
    const { DATA_DIR: _, ...settings } = world.env
    terminal = openTerminal({ cwd: project, env: { ...settings, PATH: paths.join(delimiter), HOME } })
  })
  afterAll(async () => {
    await terminal?.stopAll()
    await world?.[Symbol.asyncDispose]()
  })

  test('is written where it has a process of its own already, and is told what to run', async () => {
    const line = ['extract', module, '--topology', world.topologyFile!, '--out', out, '--standalone', project]
    const { code, err, out: said } = await runAlone(line, { DATA_DIR: world.env['DATA_DIR']! })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const screen = said.join('\n')
    expect(screen).toMatch(/a project of its own \(\d+ files\), with the contracts of orders, payments/)
    expect(screen).toContain(`cd ${project} && npm ci`)
    expect(screen).toContain(`npm start -- --topology ${join(out, 'topology.json')} --process hall`)
  })

  test('is installed by the lock file, which is ours', { timeout: installMsMax }, async () => {
    await terminal.run('npm ci --prefer-offline')
    const lock = 'package-lock.json'
    expect(await readFile(join(project, lock))).toEqual(await readFile(join(root, lock)))
  })

  test('is right in its types, style, form and boundaries', { timeout: installMsMax }, async () => {
    expect(await terminal.run('npm run check')).toMatch(/Boundaries: \d{3} files seen, 0 crossings/)
  })

  test('passes its tests', { timeout: installMsMax }, async () => {
    expect(await terminal.run('npm test')).toMatch(/Tests .*\d+ passed/)
  })

  test(
    'serves the rest of the hall, in which somebody buys and is sent what was bought',
    { timeout: startMsMax },
    async () => {
      const [{ url }] = await Promise.all([
        world.startHall(),
        terminal.startUntil('npm start', new RegExp(`^Markethall's ${module} is ready at `)),
      ])
      const shop = await openShop({ url, ownerKey: await world.ownerKey() })
      const { items } = await shop.guest.catalog.search.query({ text: 'mug' })
      expect(items).toHaveLength(1)
      const bought = await buy(shop.guest, [{ sku: 'MUG', quantity: 2 }])
      const order = await orderOnce(shop, bought, ({ state }) => state === 'paid')
      expect(order).toMatchObject({ shipping: { method: 'royal-mail' } })
      await onceItMay(
        () => shop.owner.fulfilment.ship.mutate({ orderId: bought.orderId }),
        ['fulfilment.unknown_shipment'],
      )
      await orderOnce(shop, bought, ({ state }) => state === 'shipped')
      await settled(world.sql)
      expect(await brokenInvariants(world.sql, { charges: await world.charges(), settled: true })).toEqual([])
    },
  )

  test('is no other process of the hall', { timeout: startMsMax }, () =>
    expect(terminal.run('npm start -- --process hall')).rejects.toThrow(
      `hall hosts identity, which is not in this program: it has ${module}. Start that process from another.`,
    ),
  )

  test('comes back: what was written is gone, and of the sources no line has changed, here nor there', async () => {
    await terminal.stopAll()
    expect(await runAlone(['fold', module, '--out', out])).toMatchObject({ code: 0, err: '' })
    expect(existsSync(out)).toBe(false)
    expect(await sourcesNow()).toEqual(before)
    for (const path of ownFiles(module))
      expect([path, await readFile(join(project, path))]).toEqual([path, await readFile(join(root, path))])
  })
})
