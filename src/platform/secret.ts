import { randomBytes } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareDataFolder, unusable } from './data/data-folder.ts'

/**
 * The key by which processes of one hall know each other: the given one, or 32 random bytes in hexadecimal, made by
 * the first start and kept in `DATA_DIR/hall.key` for its owner's eyes only.
 */
export async function loadHallSecret(options: { dataDir: string; given: string | undefined }): Promise<string> {
  if (options.given !== undefined) return options.given
  const path = join(options.dataDir, 'hall.key')
  const known = await readSecret(path)
  if (known !== undefined) return known
  await prepareDataFolder(options.dataDir)
  await offerFile(path, `${randomBytes(32).toString('hex')}\n`)
  const agreed = await readSecret(path)
  if (agreed === undefined) throw new Error(`${path} vanished while the hall was starting. Start it again.`)
  return agreed
}

async function readSecret(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unusable(path, error)
  })
  if (text === undefined) return undefined
  const secret = text.trim()
  if (!/^[0-9a-f]{64}$/.test(secret)) {
    throw new Error(
      `${path} should hold 64 hexadecimal digits and does not. Restore it, or remove it while no process of the hall runs.`,
    )
  }
  return secret
}

/**
 * Writes a file for its owner's eyes only, unless there is one. A link is made only where nothing stands, and shows the
 * whole file or none: of two starters at the same moment one wins, and both read the same.
 */
export async function offerFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
}
