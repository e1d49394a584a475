import { InvalidArgumentError } from 'commander'
import { moduleNames } from '../modules.ts'

/** Parses a day, `2010-12-01`; refuses days that the calendar does not have. */
export function parseDay(text: string): string {
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00.000Z`) : new Date(Number.NaN)
  // `2010-02-31` would silently become 3 March: a day is right only if it comes back as it went in.
  if (Number.isNaN(instant.getTime()) || instant.toISOString().slice(0, 10) !== text) {
    throw new InvalidArgumentError('Give a day of the calendar as YYYY-MM-DD, for example 2010-12-01.')
  }
  return text
}

/** Returns a parser of whole numbers from 1 to `max`. */
export function parseCount(max: number): (text: string) => number {
  return (text) => {
    const count = /^\d+$/.test(text) ? Number(text) : 0
    if (count < 1 || count > max) throw new InvalidArgumentError(`Give a whole number from 1 to ${max}.`)
    return count
  }
}

/** Parses the address of a hall, `http://127.0.0.1:4000`; answers it without a slash at its end. */
export function parseHallUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('Give the address of a hall, for example http://127.0.0.1:4000.')
  }
  return url.href.replace(/\/+$/, '')
}

/** Parses the name of a module. */
export function parseModule(text: string): string {
  if ((moduleNames as string[]).includes(text)) return text
  throw new InvalidArgumentError(`There is no module ${text}. There are ${moduleNames.join(', ')}.`)
}

/** Parses an ISO 4217 code, in any case. */
export function parseCurrency(text: string): string {
  const code = text.toUpperCase()
  if (!/^[A-Z]{3}$/.test(code)) throw new InvalidArgumentError('Give a currency as three letters, for example GBP.')
  return code
}

/** Parses an ISO 3166-1 alpha-2 code, in any case. */
export function parseCountry(text: string): string {
  const code = text.toUpperCase()
  if (!/^[A-Z]{2}$/.test(code)) throw new InvalidArgumentError('Give a country as two letters, for example GB.')
  return code
}

const UNITS_MAX = 1_000_000

/** Parses one thing to buy, `MUG-STONE-BLUE:2`, and adds it to those before it. */
export function parsePurchase(
  text: string,
  before: { sku: string; quantity: number }[] = [],
): { sku: string; quantity: number }[] {
  const [, sku = '', units = '1'] = /^([^:]{1,64})(?::(\d{1,7}))?$/.exec(text) ?? []
  const quantity = Number(units)
  if (sku === '' || quantity < 1 || quantity > UNITS_MAX) {
    throw new InvalidArgumentError('Give a SKU and, if more than one, how many: MUG-STONE-BLUE:2.')
  }
  return [...before, { sku, quantity }]
}
