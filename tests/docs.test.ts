import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { generatedDocs, strayContracts } from '../scripts/docs.ts'
import { withMap } from '../scripts/docs/map.ts'
import { readModules } from '../scripts/docs/read-modules.ts'
import { shapeOf } from '../scripts/docs/shape.ts'

const root = join(import.meta.dirname, '..')
const modules = await readModules()

/** What of a module its README does not name. */
function unnamed(readme: string, { operations, events, jobs }: (typeof modules)[number]): string[] {
  const names = [
    ...operations.map(({ name }) => name),
    ...[...events, ...jobs].map(({ definition }) => definition.name),
  ]
  return names.filter((name) => !readme.includes(`\`${name}\``))
}

test('contract files and generated documentation are what the contracts say: npm run docs makes them', async () => {
  const generated = await generatedDocs()
  const committed = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')
  const outdated = [...generated].filter(([path, text]) => committed(path) !== text).map(([path]) => path)
  expect(outdated, 'These are out of date. Run: npm run docs').toEqual([])
  expect(strayContracts(generated), 'These are of no module. Run: npm run docs').toEqual([])
})

test.each(modules)('the README of $name names each of its operations, events and jobs', (module) => {
  const readme = readFileSync(join(root, 'src/modules', module.name, 'README.md'), 'utf8')
  expect(unnamed(readme, module)).toEqual([])
})

test('an operation that a README does not name is found', () => {
  const catalog = modules.find(({ name }) => name === 'catalog')!
  expect(unnamed('`get` and no more', catalog)).toContain('list')
})

test('a README without a place for the map is refused', () => {
  expect(() => withMap('# A text without marks')).toThrow('no place for the map')
})

test('shapes are shown as types, with their bounds', () => {
  const schema = z.strictObject({
    sku: z.string().min(1).max(64),
    password: z.string().min(10).max(200),
    quantity: z.int().min(1).max(9).optional(),
    kind: z.enum(['a', 'b']).nullable(),
    total: z.strictObject({ amountMinor: z.int(), currency: z.string() }),
    tags: z.array(z.string()).max(3),
  })
  expect(shapeOf(schema, 'input')).toBe(
    '{ sku: string(≤ 64); password: string(10–200); quantity?: integer(1–9); kind: "a" | "b" | null; total: Money; tags: string[](0–3) }',
  )
})
