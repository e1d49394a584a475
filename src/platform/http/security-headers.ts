/** What every answer of the public face tells browsers: take it for what it says it is, run nothing, show it in no frame. */
import { createHash } from 'node:crypto'

const policy = (sources: string): string =>
  `default-src 'none'; ${sources}base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': policy(''),
} as const

/**
 * The headers of the board of the queues, whose page is not ours: it runs the scripts that it brings along, writes styles while it
 * runs, and asks this hall only.
 */
export const boardHeaders = {
  ...securityHeaders,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
} as const

/** The headers of an answer for programs. It may hold somebody's own, so nobody on the way keeps it. */
export const jsonHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  ...securityHeaders,
} as const

/** The headers of a page: of all that a page could load it may only use the styles that it brings along. */
export function pageHeaders(html: string): Record<string, string> {
  const styles = html.matchAll(/<style>([^]*?)<\/style>/g).map(([, style = '']) => hashOf(style))
  const allowed = [...styles].join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    ...securityHeaders,
    'content-security-policy': policy(allowed === '' ? '' : `style-src ${allowed}; `),
  }
}

const hashOf = (style: string): string => `'sha256-${createHash('sha256').update(style).digest('base64')}'`
