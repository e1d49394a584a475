/** Two instances of a process, restarted one by one and then killed, while people go on asking: nobody notices. */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Program } from './processes/program.ts'
import { openWorld, type World } from './processes/world.ts'

const clients = 8

test.each([
  { registered: true, how: 'that announce themselves' },
  { registered: false, how: 'at two addresses' },
])('instances $how are restarted one by one, and no request fails', { timeout: 120_000 }, async ({ registered }) => {
  await using world = await openWorld({ outside: ['checkout'], instances: 2, registered, provider: 'elsewhere' })
  const start = () => world.startOutside('checkout')
  let instances: Program[] = [await start(), await start()]
  const hall = await world.startHall()
  const people = keepAsking(`${hall.url}/trpc/checkout.createCart`, () => undefined)
  await people.answered(50)
  for (const _ of [1, 2]) {
    const [oldest, other] = instances as [Program, Program]
    expect(await oldest.stop()).toEqual({ code: 0, signal: null })
    instances = [other, await start()]
    await people.answered(50)
  }
  const { statuses, carts } = await people.stop()
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(await cartsOf(world)).toEqual(new Set(carts))
})

test('an instance that is killed costs no keyed request', { timeout: 120_000 }, async () => {
  await using world = await openWorld({ outside: ['checkout'], instances: 2, registered: true, provider: 'elsewhere' })
  const instances = [await world.startOutside('checkout'), await world.startOutside('checkout')]
  const hall = await world.startHall()
  const people = keepAsking(`${hall.url}/trpc/checkout.createCart`, (count) =>
    `the key of request ${count}`.replaceAll(' ', '-'),
  )
  await people.answered(50)
  await instances[0]!.kill()
  await people.answered(100)
  const { statuses, carts } = await people.stop()
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(await cartsOf(world)).toEqual(new Set(carts))
})

const cartsOf = async ({ sql }: World) =>
  new Set((await sql<{ id: string }>('SELECT id FROM checkout.carts')).map(({ id }) => id))

/** People who make one cart after the other. */
function keepAsking(url: string, keyOf: (count: number) => string | undefined) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const statuses: (number | undefined)[] = []
  const carts: string[] = []
  const waiting: { count: number; resolve(): void }[] = []
  let asked = 0
  const over = new AbortController()
  const ask = async () => {
    asked += 1
    const key = keyOf(asked)
    const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) }
    const sent = request(url, { agent, method: 'POST', headers })
    sent.end(JSON.stringify({ currency: 'GBP', address: { country: 'GB' } }))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const body = JSON.parse(await text(response)) as { result?: { data: { cartId: string } } }
    statuses.push(response.statusCode)
    if (body.result) carts.push(body.result.data.cartId)
    for (const each of waiting) if (each.count <= statuses.length) each.resolve()
  }
  const person = async () => {
    while (!over.signal.aborted) await ask()
  }
  const people = Promise.all(Array.from({ length: clients }, person))
  return {
    /** Until so many more requests are answered. Throws where somebody could not even ask. */
    answered: (more: number) =>
      Promise.race([
        people,
        new Promise<void>((resolve) => void waiting.push({ count: statuses.length + more, resolve })),
      ]),
    async stop() {
      over.abort()
      await people
      agent.destroy()
      return { statuses, carts }
    },
  }
}
