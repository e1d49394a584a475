/**
 * What the chaos tests share: instants at which to strike while the fixture's trade goes on, and the books in the end.
 *
 * The instants are drawn by chance from a seed that is printed; CHAOS_SEED and CHAOS_KILLS choose others. An instant is
 * a number of answers that the hall has given and some milliseconds after it, so that it falls into the work that is
 * under way then; some of those answers never reach the trade.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFailed } from 'vitest'
import { bookedOrders, expectSums } from './books.ts'
import { type Chance, createChance, differentNumbers } from './chance.ts'
import { type Door, openDoor } from './door.ts'
import type { Program } from './program.ts'
import { orders, placeFixture, totals } from './trading.ts'
import type { World } from './world.ts'

const seed = Number(process.env['CHAOS_SEED'] ?? 20_101_201)
export const kills = Number(process.env['CHAOS_KILLS'] ?? 8)
export const chaosMsMax = 120_000 + kills * 6_000

/** The fixture's sales take about 200 answers; the last instants leave something to do. */
const answersMax = 180

export type Instant = { answers: number; delayMs: number; losesAnswer: boolean }

/** Draws from the run's seed; `test` tells the draws of different tests apart. */
export function drawInstants(count: number, test: number): { instants: Instant[]; chance: Chance } {
  console.info(`Chaos at ${count} instants, drawn with CHAOS_SEED=${seed}.`)
  const chance = createChance(seed + test)
  const instants = differentNumbers(chance, { count, min: 1, max: answersMax }).map((answers) => ({
    answers,
    delayMs: chance(0, 30),
    losesAnswer: chance(0, 1) === 1,
  }))
  return { instants, chance }
}

/** Does `strike` at each instant, one after the other, while a trade goes on through the door. */
export async function atInstants(
  door: Door,
  instants: readonly Instant[],
  strike: (index: number) => Promise<void>,
): Promise<void> {
  for (const { answers, losesAnswer } of instants) if (losesAnswer) door.lose(answers)
  for (const [index, { answers, delayMs }] of instants.entries()) {
    await door.reached(answers)
    await delay(delayMs)
    await strike(index)
  }
}

/** Places the fixture in a hall that is killed at each of many instants and started again; once also while it starts. */
export async function killTheHallAgainAndAgain(
  world: World,
  { instants, chance }: ReturnType<typeof drawInstants>,
): Promise<void> {
  await using door = await openDoor()
  // One that ends gracefully first: it leaves its compiled code to all that come.
  await (await world.startHall()).stop()
  let hall = await world.startHall()
  const halls: Program[] = [hall]
  tellOnFailure(halls)
  door.leadTo(hall.url)
  const chaos = atInstants(door, instants, async (index) => {
    door.leadTo(undefined)
    await hall.kill()
    if (index === 0) await world.killStartingHall(chance(100, 1200))
    hall = await world.startHall()
    halls.push(hall)
    door.leadTo(hall.url)
  })
  const [outcome] = await Promise.all([placeFixture(world, door.url), chaos])
  expect(halls).toHaveLength(instants.length + 1)
  expect(outcome).toMatchObject(totals)
  await expectTheBooks(world)
  await expectInterruptions(world, instants.length)
}

/** The books of the fixture, whatever happened while they were written. */
export async function expectTheBooks(world: World): Promise<void> {
  await expectSums(world, totals)
  expect(await bookedOrders(world.sql)).toEqual(orders)
}

/** Chaos that never fell into a purchase would prove nothing. */
async function expectInterruptions({ sql }: World, killed: number): Promise<void> {
  const [row] = await sql<{ resumed: number; undone: number }>(
    `SELECT count(*) FILTER (WHERE attempts > 0)::int AS resumed, count(*) FILTER (WHERE state = 'undone')::int AS undone
     FROM checkout.sagas WHERE operation = 'checkout.complete'`,
  )
  console.info(`${row!.resumed} purchases were taken over, ${row!.undone} were taken back.`)
  if (killed >= 8) expect(row!.resumed).toBeGreaterThan(0)
}

export function tellOnFailure(programs: readonly Program[]): void {
  onTestFailed(() => console.info(programs.map(({ err }) => err.slice(-20).join('\n')).join('\n--- ended ---\n')))
}
