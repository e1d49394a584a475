/** How Medusa is started, filled and bought from: by its store API, as its storefront starter does. */
import type { Pool } from 'undici'
import { runToEnd, startUntilReady } from './processes.ts'
import { jsonOf, type Rival, type Shopper } from './rival.ts'

const folder = `${import.meta.dirname}/medusa`
const cli = `${folder}/node_modules/.bin/medusa`
const PAGE = 20

type Seeded = { key: string; region: string }
let seeded: Seeded | undefined

export const medusa: Rival = {
  name: 'Medusa 2.21.2',
  folder,
  requestsPerCheckout: 8,
  async start({ databaseUrl, port, isFilled }) {
    const env = { DATABASE_URL: databaseUrl, NODE_ENV: 'production', MEDUSA_CACHING: 'yes' }
    if (!isFilled) {
      await runToEnd([cli, 'db:migrate'], env, { cwd: folder })
      const said = await runToEnd([cli, 'exec', './seed.js'], env, { cwd: folder })
      const line = /^seeded (.+)$/m.exec(said)?.[1]
      if (line === undefined) throw new Error(`Medusa was not filled. It said:\n${said}`)
      seeded = JSON.parse(line) as Seeded
    }
    const argv = [cli, 'start', '--host', '127.0.0.1', '--port', String(port)]
    const server = await startUntilReady(argv, env, { cwd: folder, ready: /Server is ready on/ })
    return { url: `http://127.0.0.1:${port}`, processes: [server] }
  },
  async shopper(pool): Promise<Shopper> {
    if (seeded === undefined) throw new Error('Medusa was not filled by this run.')
    const shop = shopOf(pool, seeded)
    const { region } = seeded
    const products: Product[] = []
    for (let offset = 0; ; offset += 100) {
      const page = await shop.get<{ products: Product[] }>(`/products?fields=id,variants.id&limit=100&offset=${offset}`)
      if (page.products.length === 0) break
      products.push(...page.products)
    }
    const productOf = (turn: number) => products[turn % products.length]!
    const priced = `region_id=${region}&fields=*variants.calculated_price`
    return {
      list: (turn) => shop.get(`/products?limit=${PAGE}&offset=${(turn * PAGE) % products.length}&${priced}`),
      get: (turn) => shop.get(`/products/${productOf(turn * 7).id}?${priced}`),
      search: (turn) => shop.get(`/products?limit=${PAGE}&q=${encodeURIComponent(`product ${turn % 1000}`)}&${priced}`),
      buy: (turn, timed) => buy(shop, { variant: productOf(turn).variants[turn % 2]!.id, region, turn, timed }),
    }
  },
}

type Product = { id: string; variants: { id: string }[] }
type Shop = ReturnType<typeof shopOf>
type Purchase = { variant: string; region: string; turn: number; timed: Parameters<Shopper['buy']>[1] }

function shopOf(pool: Pool, { key }: Seeded) {
  const headers = { 'content-type': 'application/json', 'x-publishable-api-key': key }
  const ask = async <Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return (await jsonOf<Answer>(pool, { method, path: `/store${path}`, headers, ...sent })).body
  }
  return {
    get: <Answer>(path: string) => ask<Answer>('GET', path),
    post: <Answer>(path: string, body: object) => ask<Answer>('POST', path, body),
  }
}

const address = {
  first_name: 'A',
  last_name: 'Measure',
  address_1: '1 Bench Street',
  city: 'London',
  postal_code: 'EC1A 1AA',
  country_code: 'gb',
}

async function buy(shop: Shop, { variant, region, turn, timed }: Purchase): Promise<void> {
  const { cart } = await timed(shop.post<{ cart: { id: string } }>('/carts', { region_id: region }))
  const path = `/carts/${cart.id}`
  await timed(shop.post(`${path}/line-items`, { variant_id: variant, quantity: 2 }))
  const who = { email: `guest${turn}@example.com`, shipping_address: address, billing_address: address }
  await timed(shop.post(path, who))
  const { shipping_options: methods } = await timed(
    shop.get<{ shipping_options: { id: string }[] }>(`/shipping-options?cart_id=${cart.id}`),
  )
  await timed(shop.post(`${path}/shipping-methods`, { option_id: methods[0]?.id }))
  const { payment_collection: payment } = await timed(
    shop.post<{ payment_collection: { id: string } }>('/payment-collections', { cart_id: cart.id }),
  )
  await timed(shop.post(`/payment-collections/${payment.id}/payment-sessions`, { provider_id: 'pp_system_default' }))
  const { type } = await timed(shop.post<{ type: string }>(`${path}/complete`, {}))
  if (type !== 'order') throw new Error(`Medusa answered ${type} where an order was expected.`)
}
