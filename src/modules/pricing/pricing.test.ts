import { startTestHall } from '#testing/hall'
import { amountMinorMax } from '#platform/values'
import { describe, expect, test } from 'vitest'

const lines = [
  { lineId: 'lin_1', quantity: 6, unitPriceMinor: 255 },
  { lineId: 'lin_2', quantity: 1, unitPriceMinor: 339 },
]

describe.each(['near', 'far'] as const)('pricing, %s', (distance) => {
  test('a basket is quoted at the rate of its country, and untaxed where there is none', async () => {
    await using hall = await startTestHall({ modules: ['pricing'], distance })
    const { quote } = hall.calls.pricing
    expect(await quote.query({ currency: 'GBP', country: 'GB', lines })).toEqual({
      currency: 'GBP',
      taxBasisPoints: 2000,
      lines: [
        { lineId: 'lin_1', grossMinor: 1530, netMinor: 1275, taxMinor: 255 },
        { lineId: 'lin_2', grossMinor: 339, netMinor: 282, taxMinor: 57 },
      ],
      netMinor: 1557,
      taxMinor: 312,
      grossMinor: 1869,
    })
    expect(await quote.query({ currency: 'GBP', country: 'ZZ', lines })).toMatchObject({
      taxBasisPoints: 0,
      taxMinor: 0,
    })
  })

  test('a rate that is set counts from then on, and stands in the list', async () => {
    await using hall = await startTestHall({ modules: ['pricing'], distance })
    const { quote, setTaxRate, listTaxRates } = hall.calls.pricing
    expect(await setTaxRate.mutate({ country: 'CH', basisPoints: 810 })).toEqual({ country: 'CH', basisPoints: 810 })
    await setTaxRate.mutate({ country: 'GB', basisPoints: 0 })
    expect(await quote.query({ currency: 'CHF', country: 'CH', lines })).toMatchObject({ taxBasisPoints: 810 })
    expect(await quote.query({ currency: 'GBP', country: 'GB', lines })).toMatchObject({ taxMinor: 0, netMinor: 1869 })
    const { rates } = await listTaxRates.query({})
    expect(rates).toContainEqual({ country: 'CH', basisPoints: 810 })
    expect(rates).toContainEqual({ country: 'IE', basisPoints: 2300 })
    expect(rates.map(({ country }) => country)).toEqual(rates.map(({ country }) => country).toSorted())
  })

  test('a total that no order may have is refused, and so is who may not set rates', async () => {
    await using hall = await startTestHall({ modules: ['pricing'], distance })
    const line = { lineId: 'lin_1', quantity: 2, unitPriceMinor: amountMinorMax }
    await expect(
      hall.calls.pricing.quote.query({ currency: 'GBP', country: 'GB', lines: [line] }),
    ).rejects.toMatchObject({
      data: { reason: 'pricing.too_much' },
    })
    const refused = hall.as({ kind: 'guest' }).pricing.setTaxRate.mutate({ country: 'GB', basisPoints: 0 })
    await expect(refused).rejects.toMatchObject({ data: { reason: 'platform.unauthenticated' } })
    expect(await hall.sql(`select basis_points from "pricing".tax_rates where country = 'GB'`)).toEqual([
      { basis_points: 2000 },
    ])
  })
})
