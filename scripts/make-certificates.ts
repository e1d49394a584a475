/**
 * Makes certificates for the processes of a hall that runs with mutual TLS, for trying it and for tests:
 * `npm run certificates -- DIR PROCESS …`. An authority is made in DIR unless one is there; each process gets `PROCESS.crt` and `PROCESS.key`.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const daysDefault = 30

/** Makes what is missing of the authority, and a new certificate for each name. Throws where there is no `openssl`. */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const authority = { key: join(folder, 'ca.key'), crt: join(folder, 'ca.crt') }
  if (!existsSync(authority.crt)) {
    const subject = ['-subj', '/CN=markethall']
    await openssl(
      'req',
      '-x509',
      ...newKey,
      '-days',
      String(daysDefault),
      ...subject,
      '-keyout',
      authority.key,
      '-out',
      authority.crt,
    )
  }
  for (const name of names) {
    const [key, request, extensions, crt] = ['key', 'csr', 'ext', 'crt'].map((kind) => join(folder, `${name}.${kind}`))
    await writeFile(
      extensions!,
      `subjectAltName=DNS:${name},DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`,
    )
    await openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', key!, '-out', request!)
    const signer = ['-CA', authority.crt, '-CAkey', authority.key, '-CAcreateserial']
    await openssl(
      'x509',
      '-req',
      '-in',
      request!,
      ...signer,
      '-days',
      String(daysDefault),
      '-extfile',
      extensions!,
      '-out',
      crt!,
    )
    await Promise.all([request!, extensions!].map((file) => rm(file)))
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new Error('There is no openssl on this machine: install it.', { cause: error })
    throw error
  })
}

if (import.meta.main) {
  const [folder, ...names] = process.argv.slice(2)
  if (folder === undefined || names.length === 0) {
    process.stderr.write('Usage: npm run certificates -- DIR PROCESS …\n')
    process.exitCode = 2
  } else {
    await makeCertificates(folder, names)
    process.stdout.write(`${names.map((name) => `${join(folder, name)}.crt`).join('\n')}\n`)
  }
}
