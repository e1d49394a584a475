import { countryCode } from './countries.ts'
import type { SkipReason } from './invoice.ts'

/** The columns of the format; a file may have them in any order, and others beside them. */
export const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const
type Column = (typeof COLUMNS)[number]

/** What a hall takes. A line beyond it is found here, with its number, before anything is placed. */
const TEXT_MAX = { invoice: 50, name: 300, customer: 100 }
const QUANTITY_MAX = 1_000_000
const PRICE_MINOR_MAX = 1_000_000_000_000

/** One line of the file, understood but not judged: it may be no sale. */
export type FileLine = {
  invoice: string
  sku: string
  name: string
  quantity: number
  writtenAt: string
  unitPriceMinor: number
  /** Kept beside the rounded price: a price of 0.001 is more than nothing. */
  priceIsPositive: boolean
  customer: string | null
  country: string
  stocked: boolean
}

/** What is wrong with a line, without where it stands: the reader of the file knows that. */
export class LineError extends Error {
  override name = 'LineError'
}

export type LineParser = (fields: string[]) => FileLine

/** Finds the columns in the header and returns the parser of the lines below it. Throws `LineError`. */
export function lineParser(header: string[]): LineParser {
  const names = header.map((name) => name.trim().toLowerCase())
  const missing = COLUMNS.filter((column) => !names.includes(column.toLowerCase()))
  if (missing.length > 0) {
    throw new LineError(
      `the header lacks ${missing.join(', ')}. The first line must name the columns of the Online Retail format: ${COLUMNS.join(', ')}.`,
    )
  }
  const places = Object.fromEntries(COLUMNS.map((column) => [column, names.indexOf(column.toLowerCase())]))
  return (fields) => {
    if (fields.length !== header.length) {
      throw new LineError(
        `it has ${fields.length} fields where the header has ${header.length}. Is a comma or quote missing?`,
      )
    }
    return parseLine((column) => (fields[places[column] ?? -1] ?? '').trim())
  }
}

function parseLine(field: (column: Column) => string): FileLine {
  const sku = parseSku(field('StockCode'))
  const price = field('UnitPrice')
  return {
    invoice: limited(required(field('InvoiceNo'), 'InvoiceNo'), 'InvoiceNo', TEXT_MAX.invoice),
    sku,
    name: limited(field('Description'), 'Description', TEXT_MAX.name) || sku,
    quantity: parseQuantity(field('Quantity')),
    writtenAt: parseInstant(field('InvoiceDate')),
    unitPriceMinor: parseMinor(price),
    priceIsPositive: !price.startsWith('-') && /[1-9]/.test(price),
    customer: limited(field('CustomerID'), 'CustomerID', TEXT_MAX.customer).replace(/^(\d+)\.0*$/, '$1') || null,
    country: countryCode(field('Country')),
    // Codes without five leading digits (POST, D, BANK CHARGES) are services: there is no stock of them.
    stocked: /^\d{5}/.test(sku),
  }
}

/** Why the line is no sale, by the first reason that applies; undefined if it is one. */
export function skipReason(line: FileLine): SkipReason | undefined {
  // The data set's own description writes the letter small, its files write it large.
  if (/^c/i.test(line.invoice)) return 'cancellation'
  if (line.quantity <= 0) return 'not_positive'
  if (!line.priceIsPositive) return 'free'
  return undefined
}

/**
 * A decimal price to integer minor units, exactly: by its digits, never through a float. What is finer than a penny is
 * rounded half up per unit (away from zero below it). Throws `LineError`.
 */
export function parseMinor(text: string): number {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined) throw new LineError(`UnitPrice "${text}" is no price; write it like 2.55.`)
  const digits = fraction.padEnd(3, '0')
  const minor = Number(whole + digits.slice(0, 2)) + (digits.charAt(2) >= '5' ? 1 : 0)
  if (!Number.isSafeInteger(minor) || minor > PRICE_MINOR_MAX) throw new LineError(`UnitPrice "${text}" is too large.`)
  return sign === '-' && minor !== 0 ? -minor : minor
}

function parseQuantity(text: string): number {
  // Tables that passed through a spreadsheet write whole numbers as 6.0.
  const quantity = /^-?\d+(\.0+)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(quantity)) throw new LineError(`Quantity "${text}" is no whole number.`)
  if (quantity > QUANTITY_MAX) throw new LineError(`Quantity "${text}" is more than a hall takes in a line.`)
  return quantity
}

/** `2010-12-01 08:26:00`, meant as UTC, to ISO 8601. */
function parseInstant(text: string): string {
  const [, day, time, seconds = '00'] = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(?::(\d{2}))?$/.exec(text) ?? []
  const instant = new Date(`${day}T${time}:${seconds}.000Z`)
  if (Number.isNaN(instant.getTime()) || instant.toISOString().slice(0, 10) !== day) {
    throw new LineError(`InvoiceDate "${text}" is no time; write it like 2010-12-01 08:26:00 (UTC).`)
  }
  return instant.toISOString()
}

/** A code as the catalog takes it. */
function parseSku(text: string): string {
  const sku = required(text, 'StockCode').toUpperCase()
  if (/^[A-Z0-9][A-Z0-9 ._/-]{0,63}$/.test(sku)) return sku
  throw new LineError(`StockCode "${text.slice(0, TEXT_MAX.invoice)}" is no code of letters, digits, spaces or . _ / -`)
}

function limited(text: string, column: Column, lengthMax: number): string {
  if (text.length > lengthMax) throw new LineError(`${column} is longer than ${lengthMax} characters.`)
  // oxlint-disable-next-line no-control-regex -- NUL is exactly what a hall refuses
  if (/\u0000/.test(text)) throw new LineError(`${column} holds a NUL character.`)
  return text
}

function required(text: string, column: Column): string {
  if (text === '') throw new LineError(`${column} is empty.`)
  return text
}
