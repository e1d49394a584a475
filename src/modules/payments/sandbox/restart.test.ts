import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { createHttpProvider } from '../provider.ts'
import { startSandboxChild } from './child.ts'
import {
  authorise,
  of,
  secret,
  startReceiver,
  startTestSandbox,
  submitAndHangUp,
  temporaryFile,
  unbounded,
} from './testing.ts'

describe('a restart', () => {
  test('forgets no outcome, no total, no fault shown and no webhook owed', async () => {
    await using place = await temporaryFile()
    await using receiver = await startReceiver()
    const lost = authorise('card_hang')
    const late = authorise('card_hang_before')
    const former = await startTestSandbox({ file: place.file })
    // Nobody listens on port 1: what happens now is owed until the next run.
    await former.provider.registerWebhook({ url: 'http://127.0.0.1:1/', secret })
    const outcome = await former.provider.submit(authorise('card_ok', 'first'))
    await former.provider.submit(of(outcome, 'capture', 700))
    await submitAndHangUp(former.provider, lost)
    await expect(former.hasty.submit(late)).rejects.toThrow()
    await former[Symbol.asyncDispose]()

    await using sandbox = await startTestSandbox({ file: place.file, webhook: receiver.webhook })
    expect(await sandbox.provider.submit(authorise('card_ok', 'first'))).toEqual(outcome)
    expect(await sandbox.provider.find(lost.key)).toMatchObject({ status: 'succeeded' })
    expect(await sandbox.provider.submit(late)).toMatchObject({ status: 'succeeded' })
    expect((await sandbox.charges()).charges.find(({ key }) => key === 'first')).toMatchObject({ capturedMinor: 700 })
    const received = await receiver.until(({ length }) => length === 4)
    expect(new Set(received.map(({ event }) => event.key)).size).toBe(4)
  })

  test('finds a file of the first version, which knew no refunds', async () => {
    await using place = await temporaryFile()
    mkdirSync(dirname(place.file), { recursive: true })
    const former = new DatabaseSync(place.file)
    former.exec(`create table attempts (
        key text primary key, kind text not null check (kind in ('authorise', 'capture', 'void')),
        amountMinor integer not null check (amountMinor > 0), currency text not null, source text,
        authorisation text references attempts (providerId), status text not null, providerId text not null unique,
        declineReason text
      ) strict;
      create index attempts_of_authorisation on attempts (authorisation) where authorisation is not null;
      create index authorisations on attempts (key) where kind = 'authorise';
      insert into attempts values ('k', 'authorise', 1000, 'GBP', 'card_ok', null, 'succeeded', 'auth_1', null),
        ('c', 'capture', 700, 'GBP', null, 'auth_1', 'succeeded', 'cap_1', null);`)
    former.close()
    for (const refundedMinor of [300, 400]) {
      await using sandbox = await startTestSandbox({ file: place.file })
      const known = { status: 'succeeded' as const, providerId: 'auth_1' }
      expect(await sandbox.provider.find('k')).toEqual(known)
      await sandbox.provider.submit(of(known, 'refund', refundedMinor === 300 ? 300 : 100))
      expect((await sandbox.charges()).charges).toMatchObject([{ key: 'k', capturedMinor: 700, refundedMinor }])
      const { transactions } = await sandbox.provider.books({ after: '', limit: 10 })
      const refunds = refundedMinor === 300 ? ['refund'] : ['refund', 'refund']
      expect(transactions.map(({ kind }) => kind)).toEqual(['authorise', 'capture', ...refunds])
    }
  })

  test('refuses a file of a later version', async () => {
    await using place = await temporaryFile()
    mkdirSync(dirname(place.file), { recursive: true })
    const later = new DatabaseSync(place.file)
    later.exec('pragma user_version = 99')
    later.close()
    await expect(startTestSandbox({ file: place.file })).rejects.toThrow('newer than this program')
  })

  test('comes by itself where a child ended by itself, at the same address, with all that it knew', async () => {
    await using place = await temporaryFile()
    await using child = await startSandboxChild({ file: place.file })
    const provider = createHttpProvider({ url: child.url, timeoutMs: unbounded })
    const outcome = await provider.submit(authorise('card_ok', 'kept'))
    const { pid } = child
    process.kill(pid, 'SIGKILL')
    // Meanwhile it is unavailable, and nothing else.
    const found = () => provider.find('kept').catch(({ name }: Error) => name)
    await expect.poll(found, { timeout: 20_000 }).toEqual(outcome)
    expect(child.pid).not.toBe(pid)
    await provider.close()
  })

  test('of a child that was killed finds what it had answered', async () => {
    await using place = await temporaryFile()
    const former = await startSandboxChild({ file: place.file })
    const before = createHttpProvider({ url: former.url, timeoutMs: unbounded })
    const outcome = await before.submit(authorise('card_ok', 'kept'))
    process.kill(former.pid, 'SIGKILL')
    await before.close()
    await former[Symbol.asyncDispose]()

    await using child = await startSandboxChild({ file: place.file })
    const provider = createHttpProvider({ url: child.url, timeoutMs: unbounded })
    expect(await provider.find('kept')).toEqual(outcome)
    await provider.close()
  })

  test('is not needed for a child whose parent was killed: it ends as well', async () => {
    await using place = await temporaryFile()
    const program = `
      const { startSandboxChild } = await import(${JSON.stringify(new URL('./child.ts', import.meta.url).href)})
      console.log((await startSandboxChild({ file: ${JSON.stringify(place.file)} })).url)
      setInterval(() => {}, 60_000)`
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const url = `${line.toString().trim()}/v1/charges`
    const listens = () =>
      fetch(url, { headers: { connection: 'close' } }).then(
        async (response) => response.text().then(() => true),
        () => false,
      )
    expect(await listens()).toBe(true)
    parent.kill('SIGKILL')
    while (await listens());
  })

  test('a child that cannot start says so', async () => {
    await using place = await temporaryFile()
    await expect(startSandboxChild({ file: join(place.file, '..', '..') })).rejects.toThrow('ended at its start')
  })
})
