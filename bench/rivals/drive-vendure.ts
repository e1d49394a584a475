/** How Vendure is started, filled and bought from: by its shop API, with a guest's session per purchase. */
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { Pool } from 'undici'
import { runToEnd, startUntilReady } from './processes.ts'
import { jsonOf, type Rival, type Shopper } from './rival.ts'

const folder = `${import.meta.dirname}/vendure`
const PRODUCTS = 1000
const PAGE = 20
const INDEX_MS_MAX = 1_200_000

const product =
  'productId productName slug description sku productVariantId priceWithTax { ... on SinglePrice { value } ... on PriceRange { min max } }'
const queries = {
  list: `query($skip: Int!) { search(input: { take: ${PAGE}, skip: $skip, groupByProduct: true }) { totalItems items { ${product} } } }`,
  search: `query($term: String!) { search(input: { term: $term, take: ${PAGE}, groupByProduct: true }) { totalItems items { ${product} } } }`,
  get: 'query($id: ID!) { product(id: $id) { id name slug description variants { id sku name priceWithTax currencyCode stockLevel options { name } } } }',
  variants: 'query { products(options: { take: 100 }) { items { variants { id } } } }',
  add: 'mutation($id: ID!) { addItemToOrder(productVariantId: $id, quantity: 2) { __typename ... on Order { id code totalWithTax } } }',
  customer:
    'mutation($email: String!) { setCustomerForOrder(input: { firstName: "A", lastName: "Measure", emailAddress: $email }) { __typename } }',
  address:
    'mutation { setOrderShippingAddress(input: { fullName: "A. Measure", streetLine1: "1 Bench Street", city: "London", postalCode: "EC1A 1AA", countryCode: "GB" }) { __typename } }',
  methods: 'query { eligibleShippingMethods { id priceWithTax name } }',
  method: 'mutation($id: [ID!]!) { setOrderShippingMethod(shippingMethodId: $id) { __typename } }',
  arrange: 'mutation { transitionOrderToState(state: "ArrangingPayment") { __typename } }',
  pay: 'mutation { addPaymentToOrder(input: { method: "dummy", metadata: {} }) { __typename ... on Order { code state } } }',
  order: 'query($code: String!) { orderByCode(code: $code) { code state totalWithTax lines { quantity } } }',
}

export const vendure: Rival = {
  name: 'Vendure 3.7.3',
  folder,
  requestsPerCheckout: 8,
  async start({ databaseUrl, port, isFilled }) {
    const env = { DATABASE_URL: databaseUrl, PORT: String(port), NODE_ENV: 'production' }
    if (!isFilled) await runToEnd([`${folder}/populate.mjs`], { ...env, POPULATE: 'yes' }, { cwd: folder })
    const server = await startUntilReady([`${folder}/serve.mjs`], env, { cwd: folder })
    const worker = await startUntilReady([`${folder}/work.mjs`], env, { cwd: folder })
    const processes = [server, worker]
    try {
      if (!isFilled) await indexed(databaseUrl)
    } catch (error) {
      for (const each of processes) await each[Symbol.asyncDispose]()
      throw error
    }
    return { url: `http://127.0.0.1:${port}`, processes }
  },
  async shopper(pool): Promise<Shopper> {
    const ask = asker(pool)
    const { products } = await ask<{ products: { items: { variants: { id: string }[] }[] } }>('variants', {})
    const variants = products.items.flatMap((item) => item.variants.map(({ id }) => id))
    return {
      list: (turn) => ask('list', { skip: (turn % (PRODUCTS / PAGE)) * PAGE }),
      get: (turn) => ask('get', { id: String(1 + ((turn * 7) % PRODUCTS)) }),
      search: (turn) => ask('search', { term: `product ${turn % PRODUCTS}` }),
      buy: (turn, timed) => buy(pool, { variant: variants[turn % variants.length]!, turn, timed }),
    }
  },
}

type Purchase = { variant: string; turn: number; timed: Parameters<Shopper['buy']>[1] }

async function buy(pool: Pool, { variant, turn, timed }: Purchase): Promise<void> {
  const session: { token?: string } = {}
  const ask = asker(pool, session)
  const { addItemToOrder } = await timed(ask<{ addItemToOrder: { code: string } }>('add', { id: variant }))
  await timed(ask('customer', { email: `guest${turn}@example.com` }))
  await timed(ask('address', {}))
  const { eligibleShippingMethods } = await timed(ask<{ eligibleShippingMethods: { id: string }[] }>('methods', {}))
  await timed(ask('method', { id: [eligibleShippingMethods[0]?.id] }))
  await timed(ask('arrange', {}))
  const { addPaymentToOrder } = await timed(ask<{ addPaymentToOrder: { state?: string } }>('pay', {}))
  if (addPaymentToOrder.state !== 'PaymentSettled')
    throw new Error(`Vendure answered ${JSON.stringify(addPaymentToOrder)}.`)
  await timed(ask('order', { code: addItemToOrder.code }))
}

const asker =
  (pool: Pool, session: { token?: string } = {}) =>
  async <Answer>(name: keyof typeof queries, variables: object): Promise<Answer> => {
    const authorization = session.token === undefined ? {} : { authorization: `Bearer ${session.token}` }
    const { body, headers } = await jsonOf<{ data?: Answer; errors?: unknown }>(pool, {
      method: 'POST',
      path: '/shop-api',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify({ query: queries[name], variables }),
    })
    const token = headers['vendure-auth-token']
    if (typeof token === 'string') session.token = token
    if (body.data === undefined || body.errors !== undefined) throw new Error(`${name}: ${JSON.stringify(body)}`)
    return body.data
  }

/** Waits until the worker has put every variant into the search index. */
async function indexed(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const deadline = performance.now() + INDEX_MS_MAX
    for (;;) {
      const { rows } = await client.query<{ indexed: number; waiting: number }>(
        `SELECT (SELECT count(*)::int FROM search_index_item) AS indexed,
                (SELECT count(*)::int FROM job_record WHERE NOT "isSettled") AS waiting`,
      )
      const [state] = rows
      if (state && state.indexed >= PRODUCTS * 2 && state.waiting === 0) return
      if (performance.now() > deadline) throw new Error(`Vendure has indexed ${state?.indexed} variants only.`)
      await pause(500)
    }
  } finally {
    await client.end()
  }
}
