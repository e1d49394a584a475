import { describe, expect, test } from 'vitest'
import { authorise, of, startReceiver, startTestSandbox, submitAndHangUp } from './testing.ts'

describe('a key', () => {
  test('has one outcome, however often and however concurrently it is submitted', async () => {
    await using sandbox = await startTestSandbox()
    const attempt = authorise()
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => sandbox.provider.submit(attempt)))
    expect(new Set(outcomes.map(({ providerId }) => providerId)).size).toBe(1)
    expect((await sandbox.charges()).charges).toHaveLength(1)
    expect(await sandbox.provider.find(attempt.key)).toEqual(outcomes[0])
  })

  test('cannot be used for anything else', async () => {
    await using sandbox = await startTestSandbox()
    const attempt = authorise()
    await sandbox.provider.submit(attempt)
    for (const other of [{ amountMinor: 1001 }, { currency: 'EUR' }, { source: 'card_other' }]) {
      await expect(sandbox.provider.submit({ ...attempt, ...other })).rejects.toMatchObject({
        name: 'ProviderRefused',
        status: 409,
        code: 'key_reused',
      })
    }
  })

  test('that never arrived is unknown', async () => {
    await using sandbox = await startTestSandbox()
    expect(await sandbox.provider.find('never/sent ✓')).toBe('unknown')
  })

  test('keeps its decline', async () => {
    await using sandbox = await startTestSandbox()
    const attempt = authorise('card_declined')
    const declined = { status: 'declined', declineReason: 'insufficient_funds' }
    const outcome = await sandbox.provider.submit(attempt)
    expect(outcome).toMatchObject(declined)
    expect(await sandbox.provider.submit(attempt)).toEqual(outcome)
    expect(await sandbox.provider.find(attempt.key)).toEqual(outcome)
    await expect(sandbox.provider.submit(of(outcome, 'capture', 1))).rejects.toMatchObject({
      code: 'unknown_authorisation',
    })
  })
})

describe('an authorisation', () => {
  test('is captured and voided up to its amount, and no further', async () => {
    await using sandbox = await startTestSandbox()
    const { provider } = sandbox
    const authorised = await provider.submit(authorise())
    await provider.submit(of(authorised, 'capture', 300))
    await provider.submit(of(authorised, 'capture', 300))
    await expect(provider.submit(of(authorised, 'capture', 401))).rejects.toMatchObject({
      code: 'capture_exceeds_authorisation',
    })
    await expect(provider.submit(of(authorised, 'void', 401))).rejects.toMatchObject({
      code: 'void_exceeds_authorisation',
    })
    await provider.submit(of(authorised, 'void', 400))
    await expect(provider.submit(of(authorised, 'capture', 1))).rejects.toMatchObject({ status: 422 })
    expect((await sandbox.charges()).charges).toMatchObject([
      { amountMinor: 1000, capturedMinor: 600, voidedMinor: 400 },
    ])
  })

  test('is given back up to what was captured of it, and no further', async () => {
    await using sandbox = await startTestSandbox()
    const { provider } = sandbox
    const authorised = await provider.submit(authorise())
    const exceeding = { code: 'refund_exceeds_capture' }
    await expect(provider.submit(of(authorised, 'refund', 1))).rejects.toMatchObject(exceeding)
    await provider.submit(of(authorised, 'capture', 600))
    await provider.submit(of(authorised, 'refund', 250))
    await provider.submit(of(authorised, 'refund', 250))
    await expect(provider.submit(of(authorised, 'refund', 101))).rejects.toMatchObject(exceeding)
    // What was given back is not there to be captured again.
    await expect(provider.submit(of(authorised, 'capture', 401))).rejects.toMatchObject({ status: 422 })
    expect((await sandbox.charges()).charges).toMatchObject([
      { capturedMinor: 600, voidedMinor: 0, refundedMinor: 500 },
    ])
  })

  test('is not captured twice by captures that come together', async () => {
    await using sandbox = await startTestSandbox()
    const authorised = await sandbox.provider.submit(authorise())
    const captures = Array.from({ length: 10 }, () => sandbox.provider.submit(of(authorised, 'capture', 600)))
    const results = await Promise.allSettled(captures)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await sandbox.charges()).charges).toMatchObject([{ capturedMinor: 600 }])
  })

  test('refuses another currency, impossible amounts and sources that are no card', async () => {
    await using sandbox = await startTestSandbox()
    const { provider } = sandbox
    const authorised = await provider.submit(authorise())
    await expect(provider.submit({ ...of(authorised, 'capture', 1), currency: 'EUR' })).rejects.toMatchObject({
      code: 'currency_mismatch',
    })
    for (const amountMinor of [0, -1, 1.5, 2 ** 53]) {
      await expect(provider.submit({ ...authorise(), amountMinor })).rejects.toMatchObject({ code: 'invalid_request' })
    }
    await expect(provider.submit(authorise('iban_1'))).rejects.toMatchObject({ code: 'unknown_source' })
    expect((await sandbox.charges()).charges).toHaveLength(1)
  })

  test('can be read back page by page', async () => {
    await using sandbox = await startTestSandbox()
    const keys = Array.from({ length: 7 }, (_, at) => `k${at}`)
    await Promise.all(keys.map((key) => sandbox.provider.submit(authorise('card_ok', key))))
    const seen: string[] = []
    for (let after: string | null = ''; after !== null;) {
      const page = await sandbox.charges(`?limit=3&after=${after}`)
      seen.push(...page.charges.map(({ key }) => key))
      after = page.next
    }
    expect(seen).toEqual(keys)
  })
})

describe('the books', () => {
  test('have what was decided, in that order, page by page, and are read on later', async () => {
    await using sandbox = await startTestSandbox()
    const { provider } = sandbox
    expect(await provider.books({ after: '', limit: 2 })).toEqual({ transactions: [], next: '', more: false })
    const authorised = await provider.submit(authorise('card_ok', 'z'))
    await provider.submit(authorise('card_declined', 'y'))
    await expect(provider.submit(authorise('iban', 'w'))).rejects.toThrow()
    const { providerId } = await provider.submit({ ...of(authorised, 'capture', 400), key: 'a' })
    const first = await provider.books({ after: '', limit: 2 })
    expect(first).toMatchObject({ transactions: [{ key: 'z' }, { key: 'y', status: 'declined' }], more: true })
    const capture = { providerId, key: 'a', kind: 'capture', status: 'succeeded', amountMinor: 400, currency: 'GBP' }
    const second = await provider.books({ after: first.next, limit: 2 })
    expect(second).toEqual({
      transactions: [{ ...capture, authorisation: authorised.providerId }],
      next: expect.any(String),
      more: false,
    })
    expect(await provider.books({ after: second.next, limit: 2 })).toEqual({ ...second, transactions: [] })
    await provider.submit(authorise('card_ok', 'b'))
    expect(await provider.books({ after: second.next, limit: 2 })).toMatchObject({ transactions: [{ key: 'b' }] })
  })

  test('do not have a point that they have not come to', async () => {
    await using sandbox = await startTestSandbox()
    await expect(sandbox.provider.books({ after: '1', limit: 2 })).rejects.toMatchObject({ code: 'unknown_cursor' })
    for (const query of ['after=x', 'after=-1', 'limit=0', 'limit=1001'])
      expect((await sandbox.get(`/v1/transactions?${query}`)).status).toBe(400)
  })
})

describe('misbehaviour on demand', () => {
  test('card_hang commits and never answers; asking and repeating find the outcome', async () => {
    await using sandbox = await startTestSandbox()
    const attempt = authorise('card_hang')
    expect(await submitAndHangUp(sandbox.provider, attempt)).toMatchObject({ name: 'ProviderUnavailable' })
    const found = await sandbox.provider.find(attempt.key)
    expect(found).toMatchObject({ status: 'succeeded' })
    expect(await sandbox.provider.submit(attempt)).toEqual(found)
  })

  test('card_hang_before commits nothing the first time; the repeat works', async () => {
    await using sandbox = await startTestSandbox()
    const attempt = authorise('card_hang_before')
    await expect(sandbox.hasty.submit(attempt)).rejects.toMatchObject({ name: 'ProviderUnavailable' })
    expect(await sandbox.provider.find(attempt.key)).toBe('unknown')
    expect(await sandbox.provider.submit(attempt)).toMatchObject({ status: 'succeeded' })
  })

  test('card_hang_capture commits its first capture and never answers', async () => {
    await using sandbox = await startTestSandbox()
    const capture = of(await sandbox.provider.submit(authorise('card_hang_capture')), 'capture', 500)
    expect(await submitAndHangUp(sandbox.provider, capture)).toMatchObject({ name: 'ProviderUnavailable' })
    expect(await sandbox.provider.submit(capture)).toMatchObject({ status: 'succeeded' })
    expect(await sandbox.provider.submit({ ...capture, key: 'second' })).toMatchObject({ status: 'succeeded' })
    expect((await sandbox.charges()).charges).toMatchObject([{ capturedMinor: 1000 }])
  })

  test('card_fail_capture_once answers 500 without a capture; the repeat works', async () => {
    await using sandbox = await startTestSandbox()
    const capture = of(await sandbox.provider.submit(authorise('card_fail_capture_once')), 'capture', 1000)
    await expect(sandbox.provider.submit(capture)).rejects.toMatchObject({ name: 'ProviderUnavailable' })
    expect(await sandbox.provider.find(capture.key)).toBe('unknown')
    expect(await sandbox.provider.submit(capture)).toMatchObject({ status: 'succeeded' })
  })

  test('card_decline_capture and card_decline_refund decline, for ever, and move no money', async () => {
    await using sandbox = await startTestSandbox()
    const { provider } = sandbox
    const capture = of(await provider.submit(authorise('card_decline_capture')), 'capture', 1000)
    const declined = await provider.submit(capture)
    expect(declined).toMatchObject({ status: 'declined', declineReason: 'authorisation_expired' })
    expect(await provider.submit(capture)).toEqual(declined)
    const kept = await provider.submit(authorise('card_decline_refund'))
    await provider.submit(of(kept, 'capture', 1000))
    expect(await provider.submit(of(kept, 'refund', 1))).toMatchObject({
      status: 'declined',
      declineReason: 'card_closed',
    })
    const { charges } = await sandbox.charges()
    expect(charges.find(({ source }) => source === 'card_decline_capture')).toMatchObject({ capturedMinor: 0 })
    expect(charges.find(({ source }) => source === 'card_decline_refund')).toMatchObject({ refundedMinor: 0 })
  })

  test('card_hang_refund commits its first refund and never answers; card_fail_refund_once fails it', async () => {
    await using sandbox = await startTestSandbox()
    const { provider } = sandbox
    const hanging = await provider.submit(authorise('card_hang_refund'))
    await provider.submit(of(hanging, 'capture', 1000))
    const refund = of(hanging, 'refund', 400)
    expect(await submitAndHangUp(provider, refund)).toMatchObject({ name: 'ProviderUnavailable' })
    expect(await provider.submit(refund)).toMatchObject({ status: 'succeeded' })
    const failing = await provider.submit(authorise('card_fail_refund_once'))
    await provider.submit(of(failing, 'capture', 1000))
    const again = of(failing, 'refund', 400)
    await expect(provider.submit(again)).rejects.toMatchObject({ name: 'ProviderUnavailable' })
    expect(await provider.find(again.key)).toBe('unknown')
    expect(await provider.submit(again)).toMatchObject({ status: 'succeeded' })
  })

  test('card_slow commits before it answers', async () => {
    await using sandbox = await startTestSandbox()
    const attempt = authorise('card_slow_60000')
    expect(await submitAndHangUp(sandbox.provider, attempt)).toMatchObject({ name: 'ProviderUnavailable' })
    expect(await sandbox.provider.submit(authorise('card_slow_1'))).toMatchObject({ status: 'succeeded' })
  })
})

describe('webhooks', () => {
  test('announce every outcome, signed', async () => {
    await using receiver = await startReceiver()
    await using sandbox = await startTestSandbox({ webhook: receiver.webhook })
    const authorised = await sandbox.provider.submit(authorise('card_ok', 'a'))
    await sandbox.provider.submit({ ...of(authorised, 'capture', 400), key: 'b' })
    await sandbox.provider.submit({ ...of(authorised, 'void', 600), key: 'c' })
    await sandbox.provider.submit(authorise('card_declined', 'd'))
    await sandbox.provider.submit({ ...of(authorised, 'refund', 150), key: 'e' })
    const received = await receiver.until(({ length }) => length === 5)
    expect(received.every(({ genuine }) => genuine)).toBe(true)
    const said = received.map(({ event }) => `${event.key} ${event.type} ${event.amountMinor} ${event.currency}`)
    expect(said.sort()).toEqual([
      'a authorise.succeeded 1000 GBP',
      'b capture.succeeded 400 GBP',
      'c void.succeeded 600 GBP',
      'd authorise.declined 1000 GBP',
      'e refund.succeeded 150 GBP',
    ])
    expect(received.find(({ event }) => event.key === 'a')?.event.providerId).toBe(authorised.providerId)
  })

  test('come three times on demand, with one id per event', async () => {
    await using receiver = await startReceiver()
    await using sandbox = await startTestSandbox({ webhook: receiver.webhook })
    const authorised = await sandbox.provider.submit(authorise('card_duplicate_webhooks'))
    await sandbox.provider.submit(of(authorised, 'capture', 1000))
    const received = await receiver.until(({ length }) => length === 6)
    const timesPerId = Map.groupBy(received, ({ event }) => event.id)
    expect([...timesPerId.values()].map(({ length }) => length)).toEqual([3, 3])
  })

  test('go together, many in one request', async () => {
    await using receiver = await startReceiver()
    await using sandbox = await startTestSandbox({ webhook: receiver.webhook })
    await Promise.all(Array.from({ length: 60 }, () => sandbox.provider.submit(authorise())))
    const received = await receiver.until(({ length }) => length === 60)
    expect(new Set(received.map(({ event }) => event.id)).size).toBe(60)
    expect(receiver.requests()).toBeLessThan(30)
  })

  test('are repeated until the endpoint takes them, and disturb no answer', async () => {
    await using receiver = await startReceiver([500, 503])
    await using sandbox = await startTestSandbox({ webhook: receiver.webhook })
    expect(await sandbox.provider.submit(authorise())).toMatchObject({ status: 'succeeded' })
    const received = await receiver.until(({ length }) => length === 3)
    expect(new Set(received.map(({ event }) => event.id)).size).toBe(1)
  })
})
