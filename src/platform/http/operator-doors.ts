/**
 * What operators and their machines ask a process: whether it lives, whether it can work, and how it fares.
 *
 * The first two are no secret. Figures tell how the business goes, so they are told to whoever shows the token that was set for
 * them, on any face; without it only on a face that is for nothing else, where whoever set its port let everybody in.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readiness } from '../host/readiness.ts'
import type { Log } from '../log.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { bearerOf } from './bearer.ts'
import { jsonHeaders } from './security-headers.ts'

export const metricsPath = '/metrics'

export type OperatorDoors = {
  readiness(): Promise<Readiness>
  telemetry: Telemetry
  /** What whoever asks for figures shows, where it is set. */
  metricsToken: string | undefined
  log: Log
}

/** Answers what has a door here; returns whether it had. `isOpen`: figures need no token where none is set. */
export function answerOperator(
  doors: OperatorDoors,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { isOpen }: { isOpen: boolean },
): boolean {
  const path = pathOf(request)
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (path === '/healthz') sendHealth(response)
  else if (path === '/readyz') void sendReadiness(doors, response)
  else if (path === metricsPath && mayReadFigures(doors, request, isOpen)) void sendFigures(doors, response)
  else return false
  return true
}

/** What a request asks for, without its query. */
export const pathOf = ({ url = '/' }: Pick<IncomingMessage, 'url'>): string => url.split('?', 1)[0]!

/** Whoever can say so lives. */
export const sendHealth = (response: ServerResponse): void => send(response, { status: 200, text: '{"status":"ok"}' })

/** Sends whether the process can work. */
export async function sendReadiness({ readiness }: OperatorDoors, response: ServerResponse): Promise<void> {
  const now = await readiness()
  send(response, { status: now.status === 'not ready' ? 503 : 200, text: JSON.stringify(now) })
}

/** Sends the figures. */
export async function sendFigures({ telemetry, log }: OperatorDoors, response: ServerResponse): Promise<void> {
  try {
    const { contentType, text } = await telemetry.tell()
    send(response, { status: 200, text, contentType })
  } catch (error) {
    log.error({ err: error }, 'the figures could not be told')
    send(response, { status: 500, text: '{"error":"The figures could not be told. The log says why."}' })
  }
}

function mayReadFigures({ metricsToken }: OperatorDoors, request: IncomingMessage, isOpen: boolean): boolean {
  return metricsToken === undefined ? isOpen : showsToken(request, metricsToken)
}

/** Whether a request shows this token. */
export function showsToken(request: Pick<IncomingMessage, 'headers'>, token: string): boolean {
  const shown = bearerOf(request)
  return shown !== undefined && timingSafeEqual(hashOf(shown), hashOf(token))
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

type Answer = { status: number; text: string; contentType?: string }

function send(response: ServerResponse, { status, text, contentType = jsonHeaders['content-type'] }: Answer): void {
  if (response.headersSent || response.destroyed) return
  const headers = { ...jsonHeaders, 'content-type': contentType, 'content-length': Buffer.byteLength(text) }
  response.writeHead(status, headers)
  response.end(text)
}
