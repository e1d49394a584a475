/** The background work of a hall, by what may be given to processes of its own. Two of each are safe. */

/**
 * `events`: giving committed events their places, and pushing them. `queues`: applying events, doing jobs, taking up sagas.
 * `schedules`: what repeats.
 */
export const dutyNames = ['events', 'queues', 'schedules'] as const
export type Duty = (typeof dutyNames)[number]
export type Duties = ReadonlySet<Duty>

/** All of it. */
export const allDuties: Duties = new Set(dutyNames)
/** None: the process only answers, and wakes those that work. */
export const noDuties: Duties = new Set()
