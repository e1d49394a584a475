/** A disk that fills up under a running hall, with its embedded database on it: a real process, on a file system in memory. */
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { markOf } from '#platform/data/process-mark'
import { eventually } from '#testing/eventually'
import { expect, test } from 'vitest'
import { startProgram } from './processes/program.ts'

const openLine = /^Markethall is open at (http:\/\/127\.0\.0\.1:\d+)$/
const cartsMax = 20_000

/** Writes zeros until there is no room for more. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w')
  const zeros = Buffer.alloc(65_536)
  try {
    for (;;) await file.write(zeros)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    await file.close()
  }
}

type Answer = { result?: { data: { cartId: string } }; error?: { message: string; data: { reason: string } } }

async function createCart(url: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ currency: 'GBP' })
  return (await (await fetch(`${url}/trpc/checkout.createCart`, { method: 'POST', headers, body })).json()) as Answer
}

test('what cannot be kept is refused and says why, and is kept again once there is room', async ({ skip }) => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'markethall-full-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'disk')
  await mkdir(dataDir)
  // As root the database belongs to another user, who must be able to enter.
  await chmod(folder, 0o755)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=330m,mode=755', 'tmpfs', dataDir])
  if (mounted.status !== 0) skip('this machine mounts nothing')
  stack.defer(() => void spawnSync('umount', [dataDir]))
  const start = () => startProgram('src/main.ts', [], { PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'fatal' })
  const hall = start()
  stack.defer(async () => void (await hall.stop()))
  const [, url] = await hall.line(openLine)
  const { cartId } = (await createCart(url!)).result!.data
  const filling = join(dataDir, 'filling')
  stack.defer(() => rm(filling, { force: true }))
  await fill(filling)
  let refused: Answer['error']
  for (let carts = 0; carts < cartsMax && !refused; carts += 1) refused = (await createCart(url!)).error
  expect(refused).toMatchObject({
    message: 'The disk of the database is full: nothing more can be kept until there is room.',
    data: { code: 'SERVICE_UNAVAILABLE', reason: 'platform.unavailable' },
  })
  // What is there can be read: the cart is known, and guarded by its token.
  const input = encodeURIComponent(JSON.stringify({ cartId }))
  const read = (await (await fetch(`${url}/trpc/checkout.getCart?input=${input}`)).json()) as Answer
  expect(read.error?.data.reason).toBe('checkout.unknown_cart')
  await rm(filling)
  await eventually(
    () => createCart(url!),
    ({ result }) => result !== undefined,
  )
  // Asked to end without room, it leaves no database behind, and finds its data again.
  const state = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as { pid: number }
  expect(markOf(state.pid)).toBeDefined()
  await fill(filling)
  expect(await hall.stop()).toEqual({ code: 0, signal: null })
  expect(markOf(state.pid)).toBeUndefined()
  await rm(filling)
  const again = start()
  stack.defer(async () => void (await again.stop()))
  const [, urlAgain] = await again.line(openLine)
  const known = (await (await fetch(`${urlAgain}/trpc/checkout.getCart?input=${input}`)).json()) as Answer
  expect(known.error?.data.reason).toBe('checkout.unknown_cart')
})
