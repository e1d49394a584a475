import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareDataFolder } from './data-folder.ts'

test('a folder is made with all that is missing above it, side by side and again', async () => {
  const home = await mkdtemp(join(tmpdir(), 'markethall-folder-'))
  try {
    const wanted = join(home, 'a/b/c')
    await Promise.all([prepareDataFolder(wanted), prepareDataFolder(wanted)])
    await prepareDataFolder(wanted)
    expect((await stat(wanted)).isDirectory()).toBe(true)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})

test('a file above the folder is named as what stands in the way', async () => {
  const home = await mkdtemp(join(tmpdir(), 'markethall-folder-'))
  try {
    await writeFile(join(home, 'taken'), 'a file')
    await expect(prepareDataFolder(join(home, 'taken/data'))).rejects.toThrow(/stands in the way/)
    await expect(prepareDataFolder(join(home, 'taken'))).rejects.toThrow(/stands in the way/)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})

// Node's own recursive mkdir asks for ever there.
test.skipIf(!existsSync('/proc/self'))('where the system lets nobody make a folder it is said at once', async () => {
  const wanted = '/proc/markethall/data'
  await expect(prepareDataFolder(wanted)).rejects.toThrow(`${wanted} is where no folder or file can be made.`)
})
