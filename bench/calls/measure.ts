/** `npm run bench -- calls`: what a call costs, inside a process and between two, beside others in the same run. */
import { measureRivalCalls, type RivalCalls } from '../rivals/calls.ts'
import type { ShopOptions } from '../shop-options.ts'
import { measureHall, measureRaw } from './far.ts'
import { measureLocal, measureLocalLink } from './local.ts'

export type CallFigures = RivalCalls & {
  localUs: number
  localLinkUs: number
  remotePerSecond: number
  /** With logs off on both sides, as the rivals are measured. */
  remoteBarePerSecond: number
  rawHttpPerSecond: number
  loneP50Us: number
  rawLoneP50Us: number
}

const LOCAL_CALLS = 400_000
const LINK_CALLS = 40_000

export async function measureCalls(options: ShopOptions): Promise<CallFigures> {
  const { progress } = options
  progress('Measuring calls inside one process.')
  const localUs = await measureLocal(LOCAL_CALLS)
  const localLinkUs = await measureLocalLink(LINK_CALLS)
  progress('Measuring calls between two processes.')
  const remote = await measureHall('info', options)
  const bare = await measureHall('silent', options)
  progress('Measuring bare HTTP.')
  const raw = await measureRaw(options)
  const rivals = await measureRivalCalls(options)
  return {
    localUs,
    localLinkUs,
    moleculerLocalUs: rivals.moleculerLocalUs,
    remotePerSecond: remote.perSecond,
    remoteBarePerSecond: bare.perSecond,
    moleculerTcpPerSecond: rivals.moleculerTcpPerSecond,
    nestTcpPerSecond: rivals.nestTcpPerSecond,
    rawHttpPerSecond: raw.perSecond,
    loneP50Us: remote.loneP50Us,
    rawLoneP50Us: raw.loneP50Us,
  }
}
