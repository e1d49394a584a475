import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callCycle, refuseCallCycle } from './call-cycle.ts'
import { oneProcess, placeOf, readTopology } from './topology.ts'

const modules = ['bread', 'cheese', 'fish']
const at = (port: number) => `http://127.0.0.1:${port}`
const gateway = { modules: [], gateway: true }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'markethall-topologies-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(content: unknown) {
  const file = join(folder, 'topology.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readTopology(file, modules)
}

/** What is said of a topology of these processes, after the words that name the file. */
async function complaintOf(content: unknown): Promise<string> {
  const error: unknown = await read(content).catch((refusal: unknown) => refusal)
  if (!(error instanceof Error)) throw new Error('It was taken.')
  return error.message.replace(`The topology ${join(folder, 'topology.json')} `, '')
}

const complaintOfProcesses = async (processes: unknown) =>
  (await complaintOf({ processes })).replace('is not valid: ', '')

describe('a topology is refused', () => {
  test('that is not there, or no JSON', async () => {
    await expect(readTopology('nowhere.json', modules)).rejects.toThrow('The topology nowhere.json cannot be read.')
    expect(await complaintOf('{ "processes": ')).toMatch(/^is not JSON: /)
  })

  test.each([
    [[], 'it must be an object with "processes".'],
    [{}, 'processes must be an object with the processes by their names.'],
    [{ processes: {}, process: {} }, 'it may not have process; it has only "processes".'],
    [{ processes: {} }, 'it has no process.'],
    [{ processes: { hall: ['*'] } }, 'processes.hall must be an object with "modules".'],
    [
      { processes: { hall: { gateway: true } } },
      'processes.hall.modules must be a list of names, such as ["audit"], or ["*"] for all that no other process names.',
    ],
    [{ processes: { hall: { modules: [1] } } }, 'processes.hall.modules.0 must be the name of a module.'],
    [
      { processes: { hall: { modules: ['*'], module: 'fish', gateway: true } } },
      'processes.hall may not have module; it has modules, url and gateway.',
    ],
    [
      { processes: { hall: { modules: ['*'], url: 'ftp://hall' } } },
      'processes.hall.url must be a URL such as http://127.0.0.1:4101, a list of them, or "registered".',
    ],
    [{ processes: { hall: { modules: ['*'], gateway: 'yes' } } }, 'processes.hall.gateway must be true or false.'],
  ])('that has another shape: %j', async (content, complaint) => {
    expect(await complaintOf(content)).toBe(`is not valid: ${complaint}`)
  })

  test('whose process is named as no host can be, or twice', async () => {
    for (const name of ['', 'Hall', 'the hall', 'hall.', '-hall', 'x'.repeat(64)])
      expect(await complaintOfProcesses({ [name]: { modules: ['*'], gateway: true } })).toBe(
        `"${name}" cannot name a process, since it may become the name of a host: ` +
          'small letters, digits and hyphens inside, 63 at most.',
      )
    const twice = '{ "processes": { "hall": { "modules": ["*"], "gateway": true }, "hall": { "modules": ["fish"] } } }'
    expect(await complaintOf(twice)).toBe('is not valid: it names hall twice; a process stands there once.')
  })

  test('whose module is unknown, placed twice, or nowhere', async () => {
    const hall = { modules: ['*'], url: at(1), gateway: true }
    expect(await complaintOfProcesses({ hall, stall: { modules: ['meat'], url: at(2) } })).toBe(
      'stall cannot host meat, which is no module; there are bread, cheese, fish.',
    )
    const stalls = { stall: { modules: ['fish'], url: at(2) }, shop: { modules: ['bread', 'fish'], url: at(3) } }
    expect(await complaintOfProcesses({ hall, ...stalls })).toBe('fish is placed twice, in stall and in shop.')
    expect(await complaintOfProcesses({ hall: { modules: ['fish', 'fish', '*'], gateway: true } })).toBe(
      'fish is placed twice, in hall and in hall.',
    )
    expect(await complaintOfProcesses({ hall, other: { ...hall, url: at(2) } })).toBe(
      '"*" stands in hall and in other; one process takes the rest.',
    )
    expect(await complaintOfProcesses({ hall: { modules: ['bread', 'fish'], gateway: true } })).toBe(
      'cheese is placed nowhere; give one process "*".',
    )
    expect(await complaintOfProcesses({ hall: gateway })).toBe(
      'bread, cheese, fish are placed nowhere; give one process "*".',
    )
  })

  test('whose process has nothing to do', async () => {
    const hall = { modules: modules, url: at(1), gateway: true }
    const complaint = 'idle has neither a module nor the public face, so it has nothing to do. Take it out.'
    for (const none of [[], ['*']])
      expect(await complaintOfProcesses({ hall, idle: { modules: none, url: at(2) } })).toBe(complaint)
  })

  test('whose processes cannot be reached', async () => {
    const stall = { modules: ['fish'], url: at(2) }
    const hall = { modules: ['*'], gateway: true }
    expect(await complaintOfProcesses({ hall, stall })).toBe(
      'the process hall needs a url, at which the others reach it.',
    )
    for (const url of [`${at(1)}/calls`, `${at(1)}?a=b`, `${at(1)}#a`, 'http://user:secret@hall:4000'])
      expect(await complaintOfProcesses({ hall: { ...hall, url }, stall })).toBe(
        'the url of hall may hold a host and a port, and nothing else.',
      )
    expect(await complaintOfProcesses({ hall: { ...hall, url: `${at(2)}/` }, stall })).toBe(
      'hall and stall cannot both be at http://127.0.0.1:2.',
    )
  })

  test('without the public face, or with two', async () => {
    const stalls = { hall: { modules: ['*'], url: at(1) }, stall: { modules: ['fish'], url: at(2) } }
    expect(await complaintOfProcesses(stalls)).toBe('no process has the public face; give one "gateway": true.')
    const { hall, stall } = stalls
    expect(await complaintOfProcesses({ hall: { ...hall, gateway: true }, stall: { ...stall, gateway: true } })).toBe(
      'hall and stall have "gateway": true; one process has the public face.',
    )
  })
})

describe('a place', () => {
  test('of one process is everything', () => {
    expect(placeOf(oneProcess, 'hall', modules)).toMatchObject({ modules, gateway: true, elsewhere: new Map() })
  })

  test('of a gateway without modules has all of them elsewhere, and needs no url', async () => {
    const stall = { modules: ['fish'], url: at(2) }
    const topology = await read({ processes: { gateway, stall, shop: { modules: ['*'], url: at(3) } } })
    expect(placeOf(topology, 'gateway', modules)).toEqual({
      process: 'gateway',
      modules: [],
      gateway: true,
      face: undefined,
      elsewhere: new Map([
        ['fish', [at(2)]],
        ['bread', [at(3)]],
        ['cheese', [at(3)]],
      ]),
    })
    expect(placeOf(topology, 'shop', modules)).toMatchObject({ modules: ['bread', 'cheese'], gateway: false })
    const several = [at(2), at(4)]
    const moved = await read({
      processes: { gateway, stall: { ...stall, url: several }, shop: { modules: ['*'], url: 'registered' } },
    })
    expect(placeOf(moved, 'stall', modules)).toMatchObject({ face: several })
    expect(placeOf(moved, 'shop', modules)).toMatchObject({ face: 'registered' })
    expect(placeOf(moved, 'gateway', modules).elsewhere).toEqual(
      new Map<string, unknown>([
        ['fish', several],
        ['bread', 'registered'],
        ['cheese', 'registered'],
      ]),
    )
    expect(() => placeOf(topology, 'till', modules)).toThrow(
      'The topology has no process till; it has gateway, stall, shop. Say which with --process.',
    )
  })
})

test('calls in a circle are refused, by their names', () => {
  const calls = (...callees: string[]) => ({ calls: callees })
  const round = { till: calls('bread'), bread: calls('fish', 'cheese'), fish: calls(), cheese: calls('fish', 'bread') }
  expect(callCycle(round)).toEqual(['bread', 'cheese', 'bread'])
  expect(() => refuseCallCycle(round)).toThrow('in a circle: bread -> cheese -> bread. Take one of these calls out')
  expect(callCycle({ a: calls('a') })).toEqual(['a', 'a'])
  expect(callCycle({ ...round, cheese: calls('fish') })).toBeUndefined()
})
