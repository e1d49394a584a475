/** The figures of calls, for people. */
import type { CallFigures } from './measure.ts'

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const tenths = (value: number): string => value.toFixed(1)

export const callTable = (figures: CallFigures): string =>
  [
    'a call inside one process, CPU µs, 64 under way',
    `  Markethall           ${tenths(figures.localUs)}`,
    `  tRPC localLink       ${tenths(figures.localLinkUs)} (${tenths(figures.localLinkUs / figures.localUs)} ×)`,
    `  Moleculer            ${tenths(figures.moleculerLocalUs)}`,
    'calls per second between two processes, 64 under way',
    `  Markethall           ${whole(figures.remotePerSecond)}; logs off ${whole(figures.remoteBarePerSecond)}`,
    `  node:http, undici    ${whole(figures.rawHttpPerSecond)}`,
    `  Moleculer, TCP       ${whole(figures.moleculerTcpPerSecond)}`,
    `  NestJS, TCP          ${whole(figures.nestTcpPerSecond)}`,
    'a lone call between two processes, half within, µs',
    `  Markethall           ${whole(figures.loneP50Us)}`,
    `  node:http, undici    ${whole(figures.rawLoneP50Us)} (${(figures.loneP50Us / figures.rawLoneP50Us).toFixed(2)} ×)`,
  ].join('\n')
