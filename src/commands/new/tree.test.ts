import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { moveIn } from './tree.ts'

async function treeWith(files: Record<string, string>): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'markethall-tree-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function filesOf(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const read = entries.map(async (entry) => {
    const file = join(entry.parentPath, entry.name)
    return [file.slice(path.length + 1), entry.isFile() ? await readFile(file, 'utf8') : 'a folder'] as const
  })
  return Object.fromEntries(await Promise.all(read))
}

const created = { path: 'new/and/deep.ts', before: undefined, after: 'deep' }
const changed = { path: 'old.ts', before: 'old', after: 'newer' }

test('changes are made, in folders that are made with them', async () => {
  await using tree = await treeWith({ 'old.ts': 'old', 'other.ts': 'other' })
  await moveIn(tree.path, [created, changed])
  const folders = { new: 'a folder', [join('new', 'and')]: 'a folder' }
  const files = { 'old.ts': 'newer', 'other.ts': 'other', [join('new', 'and', 'deep.ts')]: 'deep' }
  expect(await filesOf(tree.path)).toEqual({ ...folders, ...files })
})

test.each([
  ['somebody has changed a file meanwhile', { path: 'other.ts', before: 'as it was', after: 'x' }, 'changed meanwhile'],
  ['somebody has made a file meanwhile', { path: 'other.ts', before: undefined, after: 'x' }, 'changed meanwhile'],
  ['a file cannot be written', { path: 'old.ts/below.ts', before: undefined, after: 'x' }, 'ENOTDIR'],
])('where %s, nothing is changed', async (_what, last, why) => {
  await using tree = await treeWith({ 'old.ts': 'old', 'other.ts': 'other' })
  await mkdir(join(tree.path, 'empty'))
  const before = await filesOf(tree.path)
  await expect(moveIn(tree.path, [created, changed, last])).rejects.toThrow(why)
  expect(await filesOf(tree.path)).toEqual(before)
})
