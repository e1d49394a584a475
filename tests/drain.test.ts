/** SIGTERM while people are buying: whatever the hall has read it answers, and what it has answered is there. */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { openWorld } from './processes/world.ts'

const clients = 16

/** One request on the agent's connections. Throws what the connection says. */
async function ask(agent: Agent, url: string, input?: object) {
  const sent = request(url, { agent, method: input === undefined ? 'GET' : 'POST' })
  sent.end(input === undefined ? undefined : JSON.stringify(input))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const body = JSON.parse(await text(response)) as { result?: { data: { cartId?: string } } }
  return { status: response.statusCode, data: body.result?.data, isLast: response.headers.connection === 'close' }
}

test.each([{ outside: [] }, { outside: ['checkout'] as const }])(
  'every request that was accepted is answered, with outside: $outside',
  async ({ outside }) => {
    await using world = await openWorld({ outside, provider: 'elsewhere' })
    await Promise.all(outside.map((module) => world.startOutside(module)))
    const hall = await world.startHall()
    const agent = new Agent({ keepAlive: true, maxSockets: clients })
    const warm = Promise.withResolvers<void>()
    const carts: string[] = []
    const people = Array.from({ length: clients }, async (_, person) => {
      for (let count = 0; ; count += 1) {
        const isBuyer = (person + count) % 2 === 0
        const { status, data, isLast } = isBuyer
          ? await ask(agent, `${hall.url}/trpc/checkout.createCart`, { currency: 'GBP', address: { country: 'GB' } })
          : await ask(agent, `${hall.url}/trpc/catalog.list?input=%7B%7D`)
        expect(status).toBe(200)
        if (data?.cartId !== undefined) carts.push(data.cartId)
        if (carts.length > 100) warm.resolve()
        if (isLast) return
      }
    })
    await Promise.race([warm.promise, ...people])
    const [ended] = await Promise.all([hall.stop(), ...people])
    agent.destroy()
    expect(ended).toEqual({ code: 0, signal: null })
    const rows = await world.sql<{ id: string }>('SELECT id FROM checkout.carts')
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(carts))
  },
)
