/** Stock tRPC clients, as they are published, at the internal port of a process: as modules, with tokens. */
import { mkdtemp, rm } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientsFor } from '#platform/calls/clients'
import { openCertificates } from '#platform/far/certificates'
import { createClientToken } from '#platform/far/client-tokens'
import { createSealer } from '#platform/far/tokens'
import { type Actor, guest } from '#platform/values'
import { startTestHall, type TestHall } from '#testing/hall'
import { createTRPCClient, httpBatchLink, httpLink, type TRPCClientError } from '@trpc/client'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { makeCertificates } from '../scripts/make-certificates.ts'
import { type HallRouter, hallContracts } from '../src/contracts.ts'
import { contextOf, hallSecret, openStall, quietLog } from './far/stall.ts'
import { runAlone } from './command-line.ts'

const system: Actor = { kind: 'system', id: 'checkout' }
type Introduced = { caller?: string; actor?: Actor; minutes?: number; secret?: string; process?: string }

let hall: TestHall
beforeAll(async () => {
  hall = await startTestHall({
    modules: ['identity', 'catalog', 'inventory', 'checkout'],
    out: ['catalog', 'inventory'],
  })
  const price = { amountMinor: 250, currency: 'GBP' }
  const products = [{ code: 'MUG', name: 'A mug', variants: [{ sku: 'MUG', price, stocked: true }] }]
  await hall.calls.catalog.importProducts.mutate({ products })
  await hall.calls.inventory.receive.mutate({ reference: 'mugs', lines: [{ sku: 'MUG', quantity: 5 }] })
})
afterAll(() => hall?.[Symbol.asyncDispose]())

const secretOfHall = () => hall.config.hallSecret!
const internalUrl = (module: string) => hall.processes.find(({ hosted }) => hosted.has(module))!.internalUrl!

function tokenOf({ caller = 'checkout', process = caller, actor = system, ...more }: Introduced = {}): string {
  const { minutes = 10, secret = secretOfHall() } = more
  return createClientToken(secret, { process, caller, actor, minutes })
}

/** A stock client of a process, showing what is given in `Authorization`. */
function clientOf(url: string, authorization: string | undefined, more: Record<string, string> = {}) {
  const headers = { ...(authorization !== undefined && { authorization }), ...more }
  return createTRPCClient<HallRouter>({ links: [httpLink({ url: `${url}/trpc`, headers })] })
}
const ofCatalog = (token = tokenOf(), more?: Record<string, string>) =>
  clientOf(internalUrl('catalog'), `Bearer ${token}`, more)
const ofInventory = (token = tokenOf(), more?: Record<string, string>) =>
  clientOf(internalUrl('inventory'), `Bearer ${token}`, more)

const refused = (reason: string, more: object = {}) => ({ data: expect.objectContaining({ reason, ...more }) })
const mug = { skus: ['MUG'] }
const oneMug = { reference: 'a cart', lines: [{ sku: 'MUG', quantity: 1 }] }

describe('a client with a token', () => {
  test('asks what its module may ask, which on the public port does not exist', async () => {
    const { variants } = await ofCatalog().catalog.variants.query(mug)
    expect(variants.map(({ sku, prices }) => [sku, prices[0]?.amountMinor])).toEqual([['MUG', 250]])
    const outside = clientOf(hall.url, undefined)
    const nothing = refused('platform.unknown_operation', { code: 'NOT_FOUND', path: 'catalog.variants' })
    await expect(outside.catalog.variants.query(mug)).rejects.toMatchObject(nothing)
    await expect(clientOf(hall.url, `Bearer ${tokenOf()}`).catalog.variants.query(mug)).rejects.toMatchObject(
      refused('platform.bad_token'),
    )
  })

  test('sends a command whose key gives the stored answer, in the name of its module', async () => {
    const keyed = ofInventory(tokenOf(), { 'idempotency-key': 'the-only-reservation' })
    const first = await keyed.inventory.reserve.mutate(oneMug)
    expect(await keyed.inventory.reserve.mutate(oneMug)).toEqual(first)
    // The module itself, which repeats its call over the hall's own wire, is answered the same.
    const { dispatch } = hall.processes.find(({ hosted }) => hosted.has('checkout'))!
    const callsFor = clientsFor({ caller: 'checkout', callees: ['inventory'], contracts: hallContracts, dispatch })
    const context = contextOf({ actor: system, key: 'the-only-reservation' })
    expect(await callsFor(context).inventory.reserve.mutate(oneMug)).toEqual(first)
    const other = { ...oneMug, lines: [{ sku: 'MUG', quantity: 2 }] }
    await expect(keyed.inventory.reserve.mutate(other)).rejects.toMatchObject(refused('platform.key_reused'))
    const rows = await hall.sql('SELECT caller, actor FROM inventory.commands WHERE key = $1', ['the-only-reservation'])
    expect(rows).toEqual([{ caller: 'checkout', actor: system }])
  })

  test('puts calls of one instant into a request, each with its own answer or error', async () => {
    const requests: string[] = []
    const link = httpBatchLink({
      url: `${internalUrl('inventory')}/trpc`,
      headers: { authorization: `Bearer ${tokenOf()}` },
      fetch(url, options) {
        requests.push(String(url))
        return fetch(url, options as RequestInit)
      },
    })
    const { inventory } = createTRPCClient<HallRouter>({ links: [link] })
    const tooMany = { reference: 'greedy', lines: [{ sku: 'MUG', quantity: 1_000 }] }
    const [ended, greedy] = await Promise.allSettled([
      inventory.endHold.mutate({ reference: 'none' }),
      inventory.reserve.mutate(tooMany),
    ])
    expect(requests).toHaveLength(1)
    expect(ended).toEqual({ status: 'fulfilled', value: { ended: false } })
    const { message, data, shape } = (greedy as PromiseRejectedResult).reason as TRPCClientError<HallRouter>
    expect(data).toEqual({
      code: 'CONFLICT',
      httpStatus: 409,
      path: 'inventory.reserve',
      reason: 'inventory.out_of_stock',
    })
    expect(shape).toEqual({ message, code: -32009, data })
  })

  test('reaches nothing that the graph does not let its module call', async () => {
    const none = refused('platform.unknown_operation')
    for (const caller of ['catalog', 'nobody', 'client:guest'])
      await expect(ofInventory(tokenOf({ caller })).inventory.endHold.mutate({ reference: 'x' })).rejects.toMatchObject(
        none,
      )
    // Hosted elsewhere: a process answers for its own modules.
    await expect(ofInventory().catalog.variants.query(mug)).rejects.toMatchObject(none)
    await expect(
      ofInventory(tokenOf({ caller: 'gateway' })).inventory.endHold.mutate({ reference: 'x' }),
    ).resolves.toEqual({
      ended: false,
    })
  })

  test('is who its token says, whatever else it says', async () => {
    const levels = (actor: Actor, more?: Record<string, string>) =>
      ofInventory(tokenOf({ actor }), more).inventory.levels.query(mug)
    await expect(levels(guest)).rejects.toMatchObject(refused('platform.unauthenticated'))
    const invented = JSON.stringify({ kind: 'staff', id: 'key_1', permissions: ['*'] })
    const said = { 'x-hall-actor': invented, 'x-actor': invented }
    await expect(levels({ kind: 'customer', id: 'acc_1' }, said)).rejects.toMatchObject(refused('platform.forbidden'))
    const reader: Actor = { kind: 'service', id: 'key_1', permissions: ['inventory:read'] }
    expect((await levels(reader)).levels).toHaveLength(1)
    const [claims, signature] = tokenOf().split('.') as [string, string]
    const own = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object
    for (const change of [{ actor: reader }, { caller: 'gateway' }, { until: Date.now() + 1e9 }]) {
      const forged = `${Buffer.from(JSON.stringify({ ...own, ...change })).toString('base64url')}.${signature}`
      await expect(ofInventory(forged).inventory.levels.query(mug)).rejects.toMatchObject(
        refused('platform.not_a_process'),
      )
    }
  })

  test('may say how long it waits', async () => {
    const waits = (ms: string) => ofCatalog(tokenOf(), { 'x-deadline-ms': ms }).catalog.variants.query(mug)
    expect((await waits('20000')).variants).toHaveLength(1)
    await expect(waits('0')).rejects.toMatchObject(refused('platform.deadline_exceeded'))
    for (const bad of ['soon', '-1', '600001'])
      await expect(waits(bad)).rejects.toMatchObject(refused('platform.bad_deadline'))
  })
})

describe('refused is', () => {
  const notOurs = refused('platform.not_a_process', { code: 'UNAUTHORIZED', httpStatus: 401 })

  test.each<[string, () => string | undefined]>([
    ['no token', () => undefined],
    ['nonsense', () => 'Bearer a.b'],
    ['too much', () => `Bearer ${'a'.repeat(10_000)}.b`],
    ['a token of another hall', () => `Bearer ${tokenOf({ secret: 'another secret altogether' })}`],
    // It goes along with each request between processes, where it may be overheard.
    ['the token of a process', () => `Bearer ${sealOf(secretOfHall()).token}`],
  ])('%s', async (_what, authorization) => {
    const client = clientOf(internalUrl('catalog'), authorization())
    await expect(client.catalog.variants.query(mug)).rejects.toMatchObject(notOurs)
  })

  test('a token that has ended', async () => {
    const ended = ofCatalog(tokenOf({ minutes: 1e-9 })).catalog.variants.query(mug)
    await expect(ended).rejects.toMatchObject(refused('platform.token_expired'))
    expect(() => tokenOf({ minutes: 61 })).toThrow('60 minutes at most')
  })

  test('a token as an introduction on our own wire', async () => {
    const body = '[]'
    const headers = { 'x-hall-token': tokenOf(), 'x-hall-seal': sealOf(secretOfHall()).seal }
    const { status } = await fetch(`${internalUrl('catalog')}/calls`, { method: 'POST', body, headers })
    expect(status).toBe(401)
  })

  const address = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  test.skipIf(address === undefined)('a token on a connection where it can be overheard', async () => {
    await using stall = await openStall({ name: 'one', host: '0.0.0.0' })
    const authorization = `Bearer ${tokenOf({ secret: hallSecret })}`
    const ask = async (host: string) => {
      const response = await fetch(`http://${host}:${stall.port}/trpc/stall.who?input={}`, {
        headers: { authorization },
      })
      return response.json()
    }
    expect(await ask('127.0.0.1')).toEqual({ result: { data: { process: 'one' } } })
    expect(await ask(address!)).toMatchObject({ error: refused('platform.insecure_connection') })
  })
})

const sealOf = (secret: string) =>
  createSealer(secret, { process: 'checkout', modules: ['checkout'], gateway: false })('[]')

test('with certificates, a client is who its own says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-stock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await makeCertificates(folder, ['stall', 'till'])
  const filesOf = (name: string) => ({
    cert: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
    ca: join(folder, 'ca.crt'),
  })
  const [own, tills] = [
    await openCertificates(filesOf('stall'), quietLog),
    await openCertificates(filesOf('till'), quietLog),
  ]
  onTestFinished(() => [own, tills].forEach((each) => each.close()))
  await using stall = await openStall({ name: 'one', certificates: own })
  const dispatcher = new Agent({ connect: tills.current() })
  onTestFinished(() => dispatcher.close())
  const ask = async (process: string) => {
    const headers = { authorization: `Bearer ${tokenOf({ secret: hallSecret, process })}` }
    const link = httpLink({
      url: `${stall.address}/trpc`,
      headers,
      fetch: (url, options) =>
        undiciFetch(url as string, { ...(options as object), dispatcher }) as unknown as Promise<Response>,
    })
    const client = createTRPCClient<any>({ links: [link] }) as any
    return (client.stall.who.query({}) as Promise<unknown>).catch(({ data }: TRPCClientError<any>) => data)
  }
  expect(await ask('till')).toEqual({ process: 'one' })
  expect(await ask('stall')).toMatchObject({ reason: 'platform.not_a_process' })
})

test('hall token prints a token that works, for a module and an actor', async () => {
  const actor = { kind: 'service', id: 'key_1', permissions: ['inventory:read'] }
  const line = ['token', '--module', 'checkout', '--actor', JSON.stringify(actor), '--minutes', '1']
  const { code, out, err } = await runAlone(line, { HALL_SECRET: secretOfHall() })
  expect([code, out.length, err]).toEqual([0, 1, ''])
  const { levels } = await ofInventory(out[0]).inventory.levels.query(mug)
  expect(levels.map(({ onHand }) => onHand)).toEqual([5])
  expect(await runAlone(['token', '--module', 'nobody'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no module nobody.'),
  })
  expect(await runAlone(['token', '--module', 'orders', '--actor', 'me'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('Give an actor as JSON'),
  })
})
