/** Starts that cannot succeed, as real processes: each ends with 1 and says in one line what is wrong and what to do. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '#testing/cluster'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { startProgram } from './processes/program.ts'
import { openWorld } from './processes/world.ts'

const anotherFolder = 'or set DATA_DIR to another folder.'

/** What a start says before it ends with 1. */
async function complaintOf(env: Record<string, string>): Promise<string[]> {
  const program = startProgram('src/main.ts', [], { PORT: '0', LOG_LEVEL: 'fatal', ...env })
  // One that opens against our expectation must not go on for ever.
  onTestFinished(async () => void (await program.stop()))
  const { code } = await program.ended
  expect({ code, out: program.out }).toEqual({ code: 1, out: [] })
  return [...program.err]
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-failures-'))
  // As root the database belongs to another user, who must be able to enter.
  await chmod(folder, 0o755)
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A file system in memory, or undefined where this machine lets nobody mount one. */
async function mounted(options: string): Promise<string | undefined> {
  const folder = join(await newFolder(), 'mounted')
  await mkdir(folder)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status !== 0) return undefined
  onTestFinished(() => void spawnSync('umount', [folder]))
  return folder
}

describe('a data folder', () => {
  test('that is a file, or lies below one', async () => {
    const file = join(await newFolder(), 'file')
    await writeFile(file, '')
    const below = join(file, 'below')
    const inTheWay = (path: string) => [`A file stands in the way of ${path}. Remove it, ${anotherFolder}`]
    expect(await complaintOf({ DATA_DIR: below })).toEqual(inTheWay(`${below}/hall.key`))
    const HALL_SECRET = 'a secret that was given'
    expect(await complaintOf({ DATA_DIR: file, HALL_SECRET })).toEqual(inTheWay(file))
  })

  test('that is closed to the user that runs this', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can become somebody else')
    const nobody = { uid: 65_534, gid: 65_534, cwd: join(import.meta.dirname, '..'), encoding: 'utf8' } as const
    if (spawnSync(process.execPath, ['--check', 'src/main.ts'], nobody).status !== 0)
      skip('nobody may read this folder')
    const folder = await newFolder()
    await chmod(folder, 0o700)
    for (const dataDir of [folder, join(folder, 'below')]) {
      const env = { DATA_DIR: dataDir, PORT: '0', PATH: process.env['PATH'] }
      const { status, stdout, stderr } = spawnSync(process.execPath, ['src/main.ts'], { ...nobody, env })
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toBe(
        `${dataDir}/hall.key is closed to the user that runs this. Give it to that user (chown), ${anotherFolder}\n`,
      )
    }
  })

  test('that cannot be written', async ({ skip }) => {
    const folder = (await mounted('ro')) ?? skip('this machine mounts nothing')
    const below = join(folder, 'below')
    const said = await complaintOf({ DATA_DIR: below })
    expect(said).toEqual([`${below} is on a read-only file system. Make it writable, ${anotherFolder}`])
  })

  test('on a disk that is full, or too small for a database', async ({ skip }) => {
    const folder = (await mounted('size=2m,mode=755')) ?? skip('this machine mounts nothing')
    const [tooSmall] = await complaintOf({ DATA_DIR: folder })
    expect(tooSmall).toMatch(/has less than 200 MB left, too little for a database: make room, or move DATA_DIR\.$/)
    await writeFile(join(folder, 'filling'), Buffer.alloc(4_000_000)).catch(() => undefined)
    const said = await complaintOf({ DATA_DIR: folder })
    expect(said).toEqual([`The disk of ${folder} is full. Make room, ${anotherFolder}`])
  })
})

describe('a database', () => {
  const wrong = (change: (url: URL) => void): string => {
    const url = new URL(inject('cluster').databaseUrl)
    change(url)
    return url.href
  }
  const said = async (url: string) => complaintOf({ DATABASE_URL: url, DATA_DIR: await newFolder() })

  test('that nobody answers for', async () => {
    const port = await freePort()
    const url = `postgres://u:a-password@127.0.0.1:${port}/x`
    const sentence = (variable: string) => `No database answers at 127.0.0.1:${port}. Start it, or correct ${variable}.`
    expect(await said(url)).toEqual([sentence('DATABASE_URL')])
    await using world = await openWorld()
    expect(await complaintOf({ ...world.env, CATALOG_DATABASE_URL: url })).toEqual([sentence('CATALOG_DATABASE_URL')])
    expect(await complaintOf({ ...world.env, QUEUE_DATABASE_URL: url })).toEqual([sentence('QUEUE_DATABASE_URL')])
  })

  test('whose host, password or name is wrong, without showing the password', async () => {
    const place = new URL(inject('cluster').databaseUrl).host
    const password = wrong((url) => (url.password = 'not-the-password'))
    expect(await said(password)).toEqual([
      `The database at ${place} refuses the password of postgres. Correct DATABASE_URL.`,
    ])
    expect(await said(wrong((url) => (url.pathname = '/no_such')))).toEqual([
      `The database server at ${place} has no database "no_such". Create it, or correct DATABASE_URL.`,
    ])
    const [host] = await said(wrong((url) => (url.hostname = 'no-such-host.invalid')))
    expect(host).toMatch(/no-such-host\.invalid.*orrect DATABASE_URL\.$/)
  })

  test('that is something else', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const complaint = await said(`postgres://u:a-password@127.0.0.1:${port}/x`)
    expect(complaint).toEqual([
      `What answers at 127.0.0.1:${port} ended the connection. Is it PostgreSQL? Correct DATABASE_URL.`,
    ])
  })
})

test("an owner's key that cannot be read", async () => {
  await using world = await openWorld()
  const file = join(world.env['DATA_DIR']!, 'owner.key')
  await mkdir(file)
  expect(await complaintOf(world.env)).toEqual([
    `${file} should be a file and is a folder. Remove it, ${anotherFolder}`,
  ])
})

test('an address that is not of this machine, and a port that another hall has', async () => {
  await using world = await openWorld()
  expect(await complaintOf({ ...world.env, HOST: '192.0.2.1' })).toEqual([
    '192.0.2.1 is no address of this machine. Correct HOST, or remove it to use 127.0.0.1.',
  ])
  const hall = await world.startHall()
  const { port } = new URL(hall.url)
  expect(await complaintOf({ ...world.env, PORT: port })).toEqual([
    `Port ${port} is taken. Stop what uses it, or choose another with PORT (0 picks a free one).`,
  ])
  // The first one was not disturbed.
  expect((await fetch(`${hall.url}/readyz`)).status).toBe(200)
})
