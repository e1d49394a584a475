/** `hall extract` and `hall fold`: a module leaves and comes back, and no source has changed. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oneProcess, placeOf, readTopology, type Topology } from '#platform/host/topology'
import { writeGenerated } from '../src/commands/extract/generated-files.ts'
import { withoutProcessOf, withProcessOf } from '../src/commands/extract/moves.ts'
import { printTopology } from '../src/commands/topologies.ts'
import { moduleNames } from '../src/modules.ts'
import { runAlone } from './command-line.ts'
import { sourcesNow } from './sources-now.ts'

const root = join(import.meta.dirname, '..')
const topologyNamed = (name: string) => join(root, 'topologies', `${name}.json`)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'markethall-extract-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Every file of a folder; undefined where there is none. */
async function filesIn(path: string): Promise<Record<string, string> | undefined> {
  if (!existsSync(path)) return undefined
  const names = (await readdir(path)).toSorted()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')])),
  )
}

describe('a module that leaves and comes back', () => {
  test('changes no source, leaves nothing behind, and each step back is the step that was', async () => {
    const out = join(folder, 'back and forth')
    const before = await sourcesNow()
    const seen = [await filesIn(out)]
    for (const module of ['orders', 'inventory', 'audit']) {
      const { code, err, out: said } = await runAlone(['extract', module, '--out', out])
      expect({ module, code, err }).toEqual({ module, code: 0, err: '' })
      expect(said.join('\n')).toContain(`npm run hall -- up ${join(out, 'topology.json')}`)
      seen.push(await filesIn(out))
    }
    expect(Object.keys(seen[1]!)).toEqual([
      'compose.yaml',
      'generated.json',
      'kubernetes.yaml',
      'network-policies.yaml',
      'topology.json',
    ])
    for (const module of ['audit', 'inventory', 'orders']) {
      expect(await filesIn(out)).toEqual(seen.pop())
      expect(await runAlone(['fold', module, '--out', out])).toMatchObject({ code: 0, err: '' })
    }
    expect(await filesIn(out)).toEqual(seen.pop())
    expect(await sourcesNow()).toEqual(before)
  })

  test('gets the topology that a person would have written', async () => {
    const out = join(folder, 'as written')
    await runAlone(['extract', 'orders', '--out', out])
    expect((await filesIn(out))!['topology.json']).toBe(await readFile(topologyNamed('orders-out'), 'utf8'))
    await runAlone(['extract', 'inventory', '--out', out])
    expect((await filesIn(out))!['topology.json']).toBe(
      await readFile(topologyNamed('orders-and-inventory-out'), 'utf8'),
    )
  })

  test.each(moduleNames)('can be %s: alone in its process, everything else where it was, and back', async (module) => {
    const moved = withProcessOf(oneProcess, module)
    const file = join(folder, `${module}.json`)
    await writeFile(file, printTopology(moved))
    expect(await readTopology(file, moduleNames)).toEqual(moved)
    expect(placeOf(moved, module, moduleNames).modules).toEqual([module])
    expect(placeOf(moved, 'hall', moduleNames).modules).toEqual(moduleNames.filter((name) => name !== module))
    expect(withoutProcessOf(moved, module)).toBe(oneProcess)
    // Into a topology that has processes of its own, too, and with it to the very text.
    const other = module === 'orders' ? withProcessOf(oneProcess, 'audit') : withProcessOf(oneProcess, 'orders')
    expect(printTopology(withoutProcessOf(withProcessOf(other, module), module))).toBe(printTopology(other))
  })

  test('finds an address where the others have theirs', () => {
    const urlsOf = ({ processes }: Topology) => Object.values(processes).map(({ url }) => url)
    const hosts: Topology = {
      processes: {
        orders: { modules: ['orders'], url: 'http://orders:4001' },
        hall: { modules: ['*'], url: 'http://hall:4001', gateway: true },
      },
    }
    expect(urlsOf(withProcessOf(hosts, 'audit'))).toEqual([
      'http://orders:4001',
      'http://audit:4001',
      'http://hall:4001',
    ])
    const machine: Topology = { processes: { hall: { modules: ['*'], url: 'http://10.0.0.5:7000', gateway: true } } }
    expect(urlsOf(withProcessOf(machine, 'audit'))).toEqual(['http://10.0.0.5:7001', 'http://10.0.0.5:7000'])
  })

  test('out of a process with others, and back to the gateway where no process takes the rest', () => {
    const [first, ...others] = moduleNames
    const named: Topology = {
      processes: {
        one: { modules: [first!], url: 'http://127.0.0.1:5001', gateway: true },
        many: { modules: others, url: 'http://127.0.0.1:5002' },
      },
    }
    const moved = withProcessOf(named, 'audit')
    expect(moved.processes['audit']).toEqual({ modules: ['audit'], url: 'http://127.0.0.1:5003' })
    expect(moved.processes['many']!.modules).not.toContain('audit')
    expect(withoutProcessOf(moved, 'audit').processes['one']!.modules).toEqual([first, 'audit'])
  })

  test('is refused where there is nothing to move, and says why', async () => {
    const refusals = [
      [['extract', 'orders', '--topology', topologyNamed('orders-out')], 'orders has a process of its own already'],
      [['fold', 'audit', '--topology', topologyNamed('orders-out')], 'audit lives in the process hall'],
      [['fold', 'orders', '--out', join(folder, 'nothing there')], 'orders lives in the process hall'],
      [['extract', 'orders', '--topology', join(folder, 'none.json')], 'cannot be read'],
    ] as const
    for (const [line, why] of refusals)
      expect(await runAlone([...line])).toMatchObject({ code: 1, out: [], err: expect.stringContaining(why) })
    expect(await runAlone(['extract', 'sales'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no module sales'),
    })
  })
})

describe('what was written', () => {
  const texts = (...entries: [string, string][]) => new Map(entries)

  test('is written over and removed only as long as nobody has changed it', async () => {
    const out = join(folder, 'written')
    const path = join(out, 'a.yaml')
    await writeGenerated(out, texts(['a.yaml', 'first\n'], ['b.yaml', 'b\n']))
    await writeGenerated(out, texts(['a.yaml', 'second\n']))
    expect(await readdir(out)).toEqual(['a.yaml', 'generated.json'])
    await writeFile(path, 'by hand\n')
    const changed = `${path} was changed since it was made`
    await expect(writeGenerated(out, texts(['a.yaml', 'third\n'], ['c.yaml', 'c\n']))).rejects.toThrow(changed)
    await expect(writeGenerated(out, texts())).rejects.toThrow(changed)
    expect(await filesIn(out)).toMatchObject({ 'a.yaml': 'by hand\n' })
    expect(existsSync(join(out, 'c.yaml'))).toBe(false)
    await writeGenerated(out, texts(['a.yaml', 'third\n']), { force: true })
    await writeGenerated(out, texts())
    expect(existsSync(out)).toBe(false)
  })

  test('leaves alone what the tool did not make', async () => {
    const out = join(folder, 'own')
    await mkdir(out)
    await writeFile(join(out, 'compose.yaml'), 'services: {}\n')
    const refused = await runAlone(['extract', 'orders', '--out', out])
    expect(refused).toMatchObject({
      code: 1,
      out: [],
      err: expect.stringContaining('compose.yaml was not made by this tool'),
    })
    expect(await filesIn(out)).toEqual({ 'compose.yaml': 'services: {}\n' })
    // Whoever wrote the same as we would, loses nothing.
    await writeFile(join(out, 'notes.txt'), 'mine\n')
    await writeGenerated(out, texts(['compose.yaml', 'services: {}\n']))
    await writeGenerated(out, texts())
    expect(await filesIn(out)).toEqual({ 'notes.txt': 'mine\n' })
  })

  test('has a record that nobody can use against files elsewhere', async () => {
    const out = join(folder, 'record')
    await mkdir(out)
    await writeFile(join(out, 'generated.json'), JSON.stringify({ files: { '../x.json': 'abc' } }))
    await expect(writeGenerated(out, texts(['a.yaml', 'a\n']))).rejects.toThrow('cannot be understood')
    expect(await readdir(out)).toEqual(['generated.json'])
  })
})
