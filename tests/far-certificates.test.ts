/** Processes that prove by certificates who they are. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type Certificates, openCertificates } from '#platform/far/certificates'
import { createFarClient } from '#platform/far/far-client'
import { eventually } from '#testing/eventually'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { makeCertificates } from '../scripts/make-certificates.ts'
import { contextOf, hallSecret, openStall, quietLog, routeTo } from './far/stall.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'markethall-certificates-'))
  await makeCertificates(folder, ['stall', 'shop', 'payments'])
  await makeCertificates(join(folder, 'others'), ['shop'])
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function certificatesOf(name: string, from = folder): Promise<Certificates> {
  const files = { cert: join(from, `${name}.crt`), key: join(from, `${name}.key`), ca: join(from, 'ca.crt') }
  const certificates = await openCertificates(files, quietLog)
  onTestFinished(() => certificates.close())
  return certificates
}

async function ask(address: string, certificates?: Certificates) {
  const self = { process: 'shop', modules: ['shop'], gateway: false }
  const policies = { stall: { patienceMs: 50 } }
  const client = createFarClient({ secret: hallSecret, self, log: quietLog, certificates, policies })
  onTestFinished(() => client.close())
  const addresses = { list: [address], since: performance.now() }
  return client.call(addresses, { route: routeTo('who'), context: contextOf(), input: {} })
}

const refused = (reason: string) => ({ ok: false, failure: expect.objectContaining({ reason }) })

test('a process is who its certificate says, and of the hall’s authority', async () => {
  await using stall = await openStall({ name: 'stall', certificates: await certificatesOf('stall') })
  expect(await ask(stall.address, await certificatesOf('shop'))).toEqual({ ok: true, value: { process: 'stall' } })
  expect(await ask(stall.address, await certificatesOf('payments'))).toEqual(refused('platform.not_a_process'))
  expect(await ask(stall.address, await certificatesOf('shop', join(folder, 'others')))).toEqual(
    refused('platform.unavailable'),
  )
  expect(await ask(stall.address)).toEqual(refused('platform.unavailable'))
  expect(await ask(stall.address.replace('https', 'http'))).toEqual(refused('platform.unavailable'))
})

test('certificates that are renewed are shown without a restart', async () => {
  await makeCertificates(folder, ['renewed'])
  await using stall = await openStall({ name: 'stall', certificates: await certificatesOf('renewed') })
  const certificates = await certificatesOf('shop')
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port: stall.port, host: '127.0.0.1', ...certificates.current() }, () => {
        resolve(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      }).once('error', reject)
    })
  const before = await shown()
  await makeCertificates(folder, ['renewed'])
  await eventually(shown, (serial) => serial !== before)
  expect(await ask(stall.address, certificates)).toEqual({ ok: true, value: { process: 'stall' } })
})

test('files that do not fit together are told of, by their names', async () => {
  const files = { cert: join(folder, 'shop.crt'), key: join(folder, 'stall.key'), ca: join(folder, 'ca.crt') }
  await expect(openCertificates(files, quietLog)).rejects.toThrow(/shop\.crt, .*stall\.key and .* do not fit together/)
  await expect(openCertificates({ ...files, key: join(folder, 'none.key') }, quietLog)).rejects.toThrow(
    /none\.key cannot be read/,
  )
})
