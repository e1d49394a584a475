/** The folder `DATA_DIR`, and what to say where it cannot be used. */
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file system that is full may still have room for names and a few bytes. */
const probeBytes = 4_096

/** Makes the folder and sees whether files can be written there. Throws a sentence that says what to do. */
export async function prepareDataFolder(folder: string): Promise<void> {
  const probe = join(folder, `.probe.${randomBytes(6).toString('hex')}`)
  try {
    await makeFolder(folder)
    await writeFile(probe, Buffer.alloc(probeBytes))
  } catch (error) {
    throw unusable(folder, error)
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}

/** Node's own recursive `mkdir` never ends where a folder that is there takes no other, such as `/proc`. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Something stands there: whether it is a folder is seen by writing into it.
    if (code === 'EEXIST') return
    const above = dirname(folder)
    if (code !== 'ENOENT' || above === folder) throw error
    await makeFolder(above)
    await mkdir(folder).catch((second: NodeJS.ErrnoException) => {
      if (second.code !== 'EEXIST') throw second
    })
  }
}

/** The error of a file operation below `DATA_DIR` as a sentence that says what to do; any other error as it is. */
export function unusable(path: string, error: unknown): unknown {
  const { code } = error as { code?: unknown }
  const advice = typeof code === 'string' ? adviceByCode[code] : undefined
  return advice === undefined ? error : new Error(advice(path), { cause: error })
}

const another = 'or set DATA_DIR to another folder.'
const inTheWay = (path: string) => `A file stands in the way of ${path}. Remove it, ${another}`
const closed = (path: string) =>
  `${path} is closed to the user that runs this. Give it to that user (chown), ${another}`
const full = (path: string) => `The disk of ${path} is full. Make room, ${another}`
const readOnly = (path: string) => `${path} is on a read-only file system. Make it writable, ${another}`
const noRoom = (path: string) => `${path} is where no folder or file can be made. Make it writable, ${another}`

const adviceByCode: Record<string, (path: string) => string> = {
  ENOTDIR: inTheWay,
  EEXIST: inTheWay,
  EISDIR: (path) => `${path} should be a file and is a folder. Remove it, ${another}`,
  EACCES: closed,
  EPERM: closed,
  EROFS: readOnly,
  // What /proc says, whose folders are the system's own.
  ENOENT: noRoom,
  ENOSPC: full,
  EDQUOT: full,
}
