import { InvalidArgumentError } from 'commander'

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
