/** The background work of a hall, by what may be given to processes of its own. Two of each are safe. */

/** What each duty is, in words. */
export const dutyWords = {
  events: 'give committed events their places, and push them',
  queues: 'apply events, do jobs, take up sagas',
  schedules: 'do what repeats',
} as const
export type Duty = keyof typeof dutyWords
export type Duties = ReadonlySet<Duty>

export const dutyNames = Object.keys(dutyWords) as Duty[]

/** All of it. */
export const allDuties: Duties = new Set(dutyNames)
/** None: the process only answers, and wakes those that work. */
export const noDuties: Duties = new Set()

/** The duties named, each by itself or several with commas between; all where none is named. Throws for one that there is not. */
export function dutiesNamed(given: readonly string[]): Duties {
  const named = given.flatMap((each) => each.split(',')).map((each) => each.trim())
  const unknown = named.find((each) => !(dutyNames as string[]).includes(each))
  if (unknown !== undefined) throw new Error(`There is no duty "${unknown}". There are ${dutyNames.join(', ')}.`)
  return named.length === 0 ? allDuties : new Set(named as Duty[])
}
