/**
 * What the chaos tests share: instants at which to strike while the fixture's trade goes on, and the books in the end.
 *
 * The instants are drawn by chance from a seed that is printed; CHAOS_SEED chooses others. An instant is
 * a number of answers that the hall has given and some milliseconds after it, so that it falls into the work that is
 * under way then; some of those answers never reach the trade.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFailed } from 'vitest'
import { bookedOrders, expectSums } from './books.ts'
import { type Chance, createChance, differentNumbers } from './chance.ts'
import type { Door } from './door.ts'
import type { Program } from './program.ts'
import { orders, totals } from './trading.ts'
import type { World } from './world.ts'

const seed = Number(process.env['CHAOS_SEED'] ?? 20_101_201)
export const chaosMsMax = 170_000

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

/** The books of the fixture, whatever happened while they were written. */
export async function expectTheBooks(world: World): Promise<void> {
  await expectSums(world, totals)
  expect(await bookedOrders(world.sql)).toEqual(orders)
}

export function tellOnFailure(programs: readonly Program[]): void {
  onTestFailed(() => console.info(programs.map(({ err }) => err.slice(-20).join('\n')).join('\n--- ended ---\n')))
}
