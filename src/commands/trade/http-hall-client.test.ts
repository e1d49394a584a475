import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { contracts } from '../../contracts.ts'
import { createHallCalls } from '../hall-calls.ts'
import { createHttpHallClient } from './http-hall-client.ts'
import type { TradeInvoice } from './invoice.ts'

const REF = (prefix: string) => `${prefix}_00000000-0000-7000-8000-000000000000`
const ANSWERS: Record<string, object> = {
  'catalog.importProducts': { productsCreated: 1, variantsCreated: 1, unchanged: 0 },
  'inventory.receive': { received: true, units: 5 },
  'checkout.createCart': { cartId: REF('crt'), token: REF('tok') },
  'checkout.addLines': { cartId: REF('crt'), lineIds: [], lineCount: 2 },
  'checkout.complete': {
    orderId: REF('ord'),
    orderNumber: 1,
    orderToken: REF('tok'),
    total: { amountMinor: 1, currency: 'GBP' },
  },
  'orders.findInvoices': {
    orders: [{ externalInvoice: '910001', lineCount: 5, total: { amountMinor: 49_770, currency: 'GBP' } }],
  },
}
const SALE: TradeInvoice = {
  invoice: '910002',
  placedAt: '2011-03-07T08:30:00.000Z',
  country: 'GG',
  customer: '30106',
  lines: [
    { sku: '70100', quantity: 2, unitPriceMinor: 255, stocked: true },
    { sku: 'BANK CHARGES', quantity: 1, unitPriceMinor: 0, stocked: false },
  ],
  grossMinor: 510,
}

type Fault = 'no answer' | { status: number; code: string; reason: string }
type Seen = { path: string; key: unknown; input: Record<string, unknown> }

/** An HTTP server that checks inputs by the hall's own contracts, and fails as told before it answers. */
async function startDoor(faults: Record<string, Fault[]> = {}) {
  const seen: Seen[] = []
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: object } | undefined> => {
    const url = new URL(request.url ?? '', 'http://door')
    const path = url.pathname.replace('/trpc/', '')
    const [module = '', name = ''] = path.split('.')
    const raw: unknown = JSON.parse(url.searchParams.get('input') ?? (await text(request)))
    const operations: Record<
      string,
      Record<string, { input: { parse: (raw: unknown) => unknown } }>
    > = Object.fromEntries(Object.values(contracts).map((contract) => [contract.name, contract.operations]))
    expect(request.headers.authorization).toBe('Bearer secret')
    seen.push({
      path,
      key: request.headers['idempotency-key'],
      input: { ...Object(operations[module]?.[name]?.input.parse(raw)) },
    })
    const fault = faults[path]?.shift()
    if (fault === 'no answer') return undefined
    if (fault === undefined) return { status: 200, body: { result: { data: ANSWERS[path] } } }
    const { status, code, reason } = fault
    return {
      status,
      body: { error: { code: -32_000, message: reason, data: { code, reason, httpStatus: status, path } } },
    }
  }
  const server = createServer((request, response) => {
    answer(request).then(
      (given) => {
        if (given === undefined) response.destroy()
        else response.writeHead(given.status, { 'content-type': 'application/json' }).end(JSON.stringify(given.body))
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  // Pauses are skipped and time stands still, so patience only ends where a test says so.
  const repetition = { patienceMs: 60_000, now: () => 0, pause: async () => undefined }
  const client = createHttpHallClient(createHallCalls(`http://127.0.0.1:${port}`, 'secret'), repetition)
  const close = async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
  return { client, seen, [Symbol.asyncDispose]: close }
}

test('a sale is a cart, its lines at their own prices, and a completion that carries the invoice', async () => {
  await using door = await startDoor()
  expect(await door.client.placeSale(SALE)).toBe('placed')
  expect(door.seen.map(({ path, key }) => `${path} ${String(key)}`)).toEqual([
    'checkout.createCart trade:910002:cart',
    'checkout.addLines trade:910002:lines',
    'checkout.complete trade:910002:complete',
  ])
  expect(door.seen[0]?.input).toEqual({ currency: 'GBP', address: { country: 'GG' } })
  expect(door.seen[1]?.input['lines']).toEqual([
    { sku: '70100', quantity: 2, unitPrice: { amountMinor: 255, currency: 'GBP' } },
    { sku: 'BANK CHARGES', quantity: 1, unitPrice: { amountMinor: 0, currency: 'GBP' } },
  ])
  expect(door.seen[2]?.input).toMatchObject({
    expectedTotal: { amountMinor: 510, currency: 'GBP' },
    orderedAt: SALE.placedAt,
    externalInvoice: '910002',
    customer: '30106',
  })
})

test('products, stock and the question for invoices are what the contracts take', async () => {
  await using door = await startDoor()
  await door.client.importProducts([{ sku: '70100', name: 'TIN OWL', listPriceMinor: 255, stocked: true }])
  await door.client.receiveStock('910002', [{ sku: '70100', quantity: 2 }])
  expect(await door.client.placedInvoices(['910001', '910002'])).toEqual(
    new Map([['910001', { lines: 5, grossMinor: 49_770 }]]),
  )
  expect(door.seen.map(({ path }) => path)).toEqual([
    'catalog.importProducts',
    'inventory.receive',
    'orders.findInvoices',
  ])
  expect(door.seen[1]).toMatchObject({ key: 'trade:910002:stock', input: { reference: '910002' } })
})

test('a lost answer and a hall that restarts are asked again, with the same key and input', async () => {
  const starting: Fault = { status: 503, code: 'SERVICE_UNAVAILABLE', reason: 'platform.unavailable' }
  const running: Fault = { status: 409, code: 'CONFLICT', reason: 'platform.in_progress' }
  await using door = await startDoor({ 'checkout.complete': ['no answer', starting, running] })
  expect(await door.client.placeSale(SALE)).toBe('placed')
  const completions = door.seen.filter(({ path }) => path === 'checkout.complete')
  expect(completions).toHaveLength(4)
  expect(new Set(completions.map((seen) => JSON.stringify(seen))).size).toBe(1)
})

test('an invoice that has its order already is no failure; every other refusal is', async () => {
  const exists: Fault = { status: 409, code: 'CONFLICT', reason: 'orders.invoice_exists' }
  const declined: Fault = { status: 422, code: 'UNPROCESSABLE_CONTENT', reason: 'checkout.payment_declined' }
  await using door = await startDoor({ 'checkout.complete': [exists, declined] })
  expect(await door.client.placeSale(SALE)).toBe('already')
  await expect(door.client.placeSale(SALE)).rejects.toMatchObject({ data: { reason: 'checkout.payment_declined' } })
})
