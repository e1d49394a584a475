/** The house as it is declared: the two doors, the graph, the platform. Each rule must also catch its own fixture. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkBoundaries } from '../scripts/check-boundaries.ts'
import { graph } from '../src/modules.ts'
import {
  callCycles,
  callsMatchGraph,
  doors,
  environmentReads,
  lightContracts,
  platformImportsModule,
  undeclaredEdges,
  undeclaredJobs,
  unusedEdges,
  type Graph,
} from './rules/architecture.ts'
import { nounsIn, retailNounsInPlatform } from './rules/retail-nouns.ts'
import { print, readSources } from './rules/source.ts'

const root = join(import.meta.dirname, '..')
const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', 'architecture', name)
const nothing = { calls: [], listens: [], sendsJobs: [] }

describe('the sources', () => {
  const sources = readSources(root)

  test('were read', () => {
    expect(sources.filter(({ path }) => path.startsWith('src/platform/')).length).toBeGreaterThan(0)
    expect(sources.filter(({ path }) => path.startsWith('src/modules/')).length).toBeGreaterThan(0)
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(0)
  })

  test('reach a module by its two doors only', () => expect(doors(sources).map(print)).toEqual([]))

  test('use no neighbour that is not declared', () => expect(undeclaredEdges(sources, graph).map(print)).toEqual([]))

  test('send jobs only where the graph says', () => expect(undeclaredJobs(sources, graph).map(print)).toEqual([]))

  test('use every neighbour that is declared', () => expect(unusedEdges(sources, graph).map(print)).toEqual([]))

  test('call whom the graph says', () => expect(callsMatchGraph(sources, graph).map(print)).toEqual([]))

  test('declare calls without a cycle', () => expect(callCycles(graph).map(print)).toEqual([]))

  test('keep modules out of the platform', () => expect(platformImportsModule(sources).map(print)).toEqual([]))

  test('keep business out of the platform', () => expect(retailNounsInPlatform(sources).map(print)).toEqual([]))

  test('read the environment in one place', () => expect(environmentReads(sources).map(print)).toEqual([]))

  test('keep contracts light', () => expect(lightContracts(sources).map(print)).toEqual([]))
})

describe('a rule catches its violation', () => {
  const checkout = 'src/modules/checkout/place.ts'

  test('doors', () => {
    const found = doors(readSources(fixture('doors'))).map(({ path, line }) => `${path}:${line}`)
    const crossings = [2, 3, 4, 5].map((line) => `${checkout}:${line}`)
    expect(found).toEqual(['src/main.ts:1', ...crossings])
  })

  test('declared edges', () => {
    const sources = readSources(fixture('edges'))
    const declared: Graph = { catalog: nothing, orders: nothing, checkout: { ...nothing, calls: ['catalog'] } }
    expect(undeclaredEdges(sources, declared)).toMatchObject([
      { path: 'src/modules/checkout/quote.ts', line: 2 },
      { path: 'src/modules/checkout/quote.ts', line: 5, message: expect.stringContaining('uses payments') },
    ])
    expect(callsMatchGraph(sources, declared).map(({ line }) => line)).toEqual([3, 4])
  })

  test('jobs sent without an edge of their own', () => {
    const declared: Graph = { payments: nothing, orders: { ...nothing, calls: ['payments'], listens: ['payments'] } }
    const sources = readSources(fixture('jobs'))
    expect(undeclaredEdges(sources, declared)).toEqual([])
    expect(undeclaredJobs(sources, declared).map(({ path, line }) => `${path}:${line}`)).toEqual([
      'src/modules/orders/place.ts:1',
      'src/modules/orders/place.ts:3',
    ])
    const sends: Graph = { ...declared, orders: { ...nothing, listens: ['payments'], sendsJobs: ['payments'] } }
    expect(undeclaredJobs(sources, sends)).toEqual([])
  })

  test('unused edges', () => {
    const declared: Graph = {
      catalog: nothing,
      pricing: nothing,
      checkout: { calls: ['catalog', 'orders'], listens: ['pricing'], sendsJobs: [] },
    }
    expect(unusedEdges(readSources(fixture('edges')), declared).map(({ message }) => message)).toEqual([
      'pricing is declared and has no folder',
      'checkout declares pricing and never uses it',
      'orders has a folder and is not declared',
    ])
  })

  test('a Calls type that forgets a declared call', () => {
    const declared: Graph = { checkout: { ...nothing, calls: ['catalog', 'orders', 'pricing'] } }
    const found = callsMatchGraph(readSources(fixture('edges')), declared)
    expect(found.map(({ message }) => message)).toEqual(['the Calls type of checkout lacks pricing'])
  })

  test('call cycles', () => {
    const calls = (...callees: string[]) => ({ ...nothing, calls: callees })
    const found = callCycles({ a: calls('b'), b: calls('c'), c: calls('a'), d: calls('a') })
    expect(found.map(({ message }) => message)).toEqual(['calls form a cycle: a -> b -> c -> a'])
    expect(callCycles({ a: calls('b', 'c'), b: calls('c'), c: nothing })).toEqual([])
  })

  test('a platform that knows a module, or business', () => {
    const sources = readSources(fixture('platform'))
    expect(platformImportsModule(sources).map(({ line }) => line)).toEqual([1, 2])
    const found = retailNounsInPlatform(sources).map(({ line, message }) => `${line} ${message.split(': ')[1]}`)
    expect(new Set(found)).toEqual(new Set(['1 order', '4 cart', '5 invoice', '8 order']))
  })

  test('retail nouns are told from their technical namesakes', () => {
    expect(['orderId', 'placeOrder', 'ORDERS_URL', 'a cart', 'categories'].flatMap(nounsIn)).toHaveLength(5)
    const technical = [
      'order by key',
      'orderBy',
      'in order',
      'stock clients',
      'PAYMENT_REQUIRED',
      'production',
      'customer',
    ]
    expect(technical.flatMap(nounsIn)).toEqual([])
  })

  test('the environment', () => {
    expect(environmentReads(readSources(fixture('environment'))).map(({ line }) => line)).toEqual([1, 2, 3])
  })

  test('light contracts', () => {
    const found = lightContracts(readSources(fixture('contracts')))
    expect(found.map(({ message }) => message)).toEqual([
      'a contract cannot import ./schema.ts',
      'a contract cannot import #modules/catalog',
      'a contract cannot import pg',
      'heavy: src/modules/orders/contract.ts -> src/platform/contract.ts -> src/platform/database.ts -> pg',
    ])
  })

  test('dependency-cruiser, which guards the same doors', async () => {
    const rulesBrokenIn = async (name: string) => {
      const { seen, violations } = await checkBoundaries(fixture(name))
      expect(seen).toBeGreaterThan(0)
      return [...new Set(violations.map((violation) => violation.replace(/:.*/, '')))].toSorted()
    }
    expect(await rulesBrokenIn('doors')).toEqual(['could-not-resolve', 'two-doors', 'two-doors-from-outside'])
    expect(await rulesBrokenIn('side-doors')).toEqual([
      'loader-reaches-doors-only',
      'tests-reach-doors-only',
      'two-doors-for-tests',
    ])
    expect(await rulesBrokenIn('platform')).toContain('platform-knows-no-module')
    expect(await rulesBrokenIn('contracts')).toContain('light-contract')
    expect(await rulesBrokenIn('cycles')).toEqual(['could-not-resolve', 'no-cycle'])
  })
})
