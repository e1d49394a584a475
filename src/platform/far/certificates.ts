/**
 * The certificates with which processes prove to each other who they are (mutual TLS), where some are configured. Files that
 * change are read again: certificates are renewed without a restart.
 */
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Log } from '../log.ts'

/** Paths of PEM files: the own certificate with its chain, its key, and the authority that signs those of all processes. */
export type CertificateFiles = { cert: string; key: string; ca: string }

export type Certificates = {
  /** What is valid now. */
  current(): { cert: Buffer; key: Buffer; ca: Buffer }
  /** Told after they were renewed. */
  onRenewed(tell: () => void): void
  close(): void
}

const lookMs = 2_000

/** Reads the files, and looks now and then whether they have changed. Throws a sentence where they cannot be used. */
export async function openCertificates(files: CertificateFiles, log: Log): Promise<Certificates> {
  let current = await readAll(files)
  let changedAt = await changeOf(files)
  const listeners: (() => void)[] = []
  const look = async () => {
    const now = await changeOf(files)
    if (now === changedAt) return
    current = await readAll(files)
    changedAt = now
    log.info('the certificates were renewed')
    for (const tell of listeners) tell()
  }
  // Half of a renewal may be written: the old ones serve until all of it is.
  const sayFailed = (error: unknown) => log.warn({ err: error }, 'changed certificates cannot be used yet')
  const timer = setInterval(() => void look().catch(sayFailed), lookMs).unref()
  return {
    current: () => current,
    onRenewed: (tell) => void listeners.push(tell),
    close: () => clearInterval(timer),
  }
}

async function readAll({ cert, key, ca }: CertificateFiles) {
  const read = (path: string) =>
    readFile(path).catch((error: Error) => Promise.reject(new Error(`${path} cannot be read: ${error.message}`)))
  const read3 = { cert: await read(cert), key: await read(key), ca: await read(ca) }
  try {
    createSecureContext(read3)
  } catch (error) {
    throw new Error(`${cert}, ${key} and ${ca} do not fit together: ${(error as Error).message}`, { cause: error })
  }
  return read3
}

const changeOf = async (files: CertificateFiles): Promise<string> =>
  (await Promise.all(Object.values(files).map(async (path) => (await stat(path)).mtimeMs))).join(' ')
