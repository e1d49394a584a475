/** `hall new module`: what it writes into a copy of this tree passes everything that a module must, at once. */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { filesBelow } from '../src/commands/files-below.ts'
import { runAlone } from './command-line.ts'
import { hashesOf } from './sources-now.ts'

const root = join(import.meta.dirname, '..')
const leftOut = ['node_modules', '.git', '.hall', 'coverage']

let tree: string
beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'markethall-new-module-'))
  const isCopied = (path: string) =>
    !relative(root, path)
      .split('/')
      .some((part) => leftOut.includes(part))
  for (const part of await readdir(root))
    if (!leftOut.includes(part)) await cp(join(root, part), join(tree, part), { recursive: true, filter: isCopied })
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
})
afterAll(() => rm(tree, { recursive: true, force: true }))

/** Runs a program of the copy; answers its exit code and all that it said. */
async function runInTree(...line: string[]): Promise<{ code: number; said: string }> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' }
  const child = spawn(process.execPath, line, { cwd: tree, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => void (said += text))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said }
}

const passes = { code: 0, said: expect.any(String) }

/** Every file of the copy, with what it holds. */
const filesNow = (): Promise<Map<string, string>> => hashesOf(tree, filesBelow(tree))

test('a name that cannot be one is refused, with what to do', async () => {
  const refusals = { 'gift-cards': 'one word of 2 to 20 small letters', x: 'one word', order: 'the module orders' }
  for (const [name, why] of Object.entries(refusals)) {
    const { code, out, err } = await runAlone(['new', 'module', name])
    expect({ code, out }).toEqual({ code: 1, out: [] })
    expect(err).toContain(`Nothing is written. `)
    expect(err).toContain(why)
  }
})

test('where a file has no place for it, nothing is written', async () => {
  const file = join(tree, 'src/contracts.ts')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('\n  audit,\n', '\n  audit: audit,\n'))
  const before = await filesNow()
  const { code, said } = await runInTree('src/hall.ts', 'new', 'module', 'loyalty')
  expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('Nothing is written: src/contracts.ts has') })
  expect(await filesNow()).toEqual(before)
  await writeFile(file, text)
})

test('a new module passes all checks and its tests at once', async () => {
  const before = await filesNow()
  const made = await runInTree('src/hall.ts', 'new', 'module', 'loyalty')
  expect(made).toEqual({ code: 0, said: expect.stringContaining('npm run test -- src/modules/loyalty') })
  const after = await filesNow()
  const changed = [...after].filter(([path, hash]) => before.get(path) !== hash).map(([path]) => path)
  expect([...before.keys()].filter((path) => !after.has(path))).toEqual([])
  for (const path of changed) expect(made.said).toContain(`  ${path}\n`)

  // What npm run check does, but that unchanged files are not linted again, and types are not remembered: the copy shares that memory with us.
  const checks = [
    ['node_modules/typescript/bin/tsc', '--noEmit', '--incremental', 'false'],
    [
      'node_modules/oxlint/bin/oxlint',
      '--type-aware',
      '--deny-warnings',
      ...changed.filter((path) => path.endsWith('.ts')),
    ],
    ['node_modules/oxfmt/bin/oxfmt', '--check'],
    ['scripts/check-boundaries.ts'],
    ['node_modules/knip/bin/knip.js'],
  ]
  for (const check of checks) expect(await runInTree(...check)).toEqual(passes)
  const tests = ['src/modules/loyalty', ...['architecture', 'docs', 'tidy'].map((name) => `tests/${name}.test.ts`)]
  expect(await runInTree('node_modules/vitest/vitest.mjs', 'run', ...tests)).toEqual(passes)
}, 300_000)
