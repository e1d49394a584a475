import { expect, test } from 'vitest'
import { chosenOf, demandedOf } from './choose-shipping.ts'

const method = (code: string) => ({ code, name: code, price: { amountMinor: 5, currency: 'GBP' } })
const cart = (shippingMethod: string | null, shippingCountry: string | null, country = 'GB') => ({
  address: { country },
  shippingMethod,
  shippingCountry,
})

test('a method that the country has is taken, also where it was chosen for another country', () => {
  const methods = [method('post'), method('courier')]
  for (const each of [cart('courier', 'GB'), cart('courier', 'FR')]) {
    expect([chosenOf(each, methods), demandedOf(each, methods)]).toEqual([method('courier'), method('courier')])
  }
})

test('a country without methods is served without one, whatever was chosen', () => {
  for (const each of [cart(null, null), cart('post', 'FR'), cart('post', 'GB')]) {
    expect([chosenOf(each, []), demandedOf(each, [])]).toEqual([null, null])
  }
})

test('a purchase must choose; what was taken away is told apart from what was never chosen here', () => {
  const methods = [method('post')]
  const reasonOf = (each: ReturnType<typeof cart>) => {
    expect(chosenOf(each, methods)).toBeNull()
    try {
      return demandedOf(each, methods)
    } catch (error) {
      return (error as { reason: string }).reason
    }
  }
  expect(reasonOf(cart(null, null))).toBe('checkout.shipping_missing')
  expect(reasonOf(cart('courier', 'FR'))).toBe('checkout.shipping_missing')
  expect(reasonOf(cart('courier', 'GB'))).toBe('checkout.unknown_shipping_method')
})
