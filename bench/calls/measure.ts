/** `npm run bench -- calls`: what a call costs, inside a process and between two, beside others in the same run. */
import { measureRivalCalls, type RivalCalls } from '../rivals/calls.ts'
import type { ShopOptions } from '../shop-options.ts'
import { loneP50s, manyPerSecond, openHall, openRaw } from './far.ts'
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
  const far = await measureFar(options)
  const rivals = await measureRivalCalls(options)
  return {
    localUs,
    localLinkUs,
    moleculerLocalUs: rivals.moleculerLocalUs,
    moleculerTcpPerSecond: rivals.moleculerTcpPerSecond,
    nestTcpPerSecond: rivals.nestTcpPerSecond,
    ...far,
  }
}

async function measureFar(options: ShopOptions) {
  const { progress } = options
  progress('Measuring calls between two processes.')
  await using hall = await openHall('info')
  const remotePerSecond = await manyPerSecond(hall, options)
  progress('Measuring bare HTTP.')
  await using raw = await openRaw()
  const rawHttpPerSecond = await manyPerSecond(raw, options)
  progress('Measuring lone calls.')
  const [loneP50Us = 0, rawLoneP50Us = 0] = await loneP50s([hall, raw], options)
  progress('Measuring calls between two processes, logs off.')
  await using bare = await openHall('silent')
  return {
    remotePerSecond,
    remoteBarePerSecond: await manyPerSecond(bare, options),
    rawHttpPerSecond,
    loneP50Us,
    rawLoneP50Us,
  }
}
