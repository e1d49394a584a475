/** The figures of events, for people. */
import type { EventFigures } from './measure.ts'

const whole = (value: number): string => Math.round(value).toLocaleString('en')

export function eventTable({ onePerEvent, orders, ...hall }: EventFigures): string {
  const lines = (['postgres', 'redis'] as const).flatMap((backend) => {
    const ours = hall[backend]
    const plain = onePerEvent[backend]
    if (ours === undefined || plain === undefined) return [`${backend}: not measured; there is no redis-server here`]
    const times = (name: 'steadyPerSecond' | 'drainPerSecond') =>
      `${whole(ours[name])} per second (one job per event: ${whole(plain[name])}, ${(ours[name] / plain[name]).toFixed(1)} ×)`
    return [
      `events on ${backend}`,
      `  steadily             ${times('steadyPerSecond')}`,
      `  draining a backlog   ${times('drainPerSecond')}, which grew by ${whole(ours.growPerSecond)} per second`,
      `  alone, half within   ${ours.idleP50Ms.toFixed(1)} ms`,
      `  with keys            ${whole(ours.keyedPerSecond)} per second`,
      `  carried by a queue   ${whole(ours.carried.steadyPerSecond)} per second; alone, half within ${ours.carried.idleP50Ms.toFixed(1)} ms`,
    ]
  })
  const { workedPerSecond, acceptedPerSecond, drainPerSecond } = orders
  const ratio = (drainPerSecond / acceptedPerSecond).toFixed(1)
  return [
    ...lines,
    'orders',
    `  with a worker        ${whole(workedPerSecond)} per second`,
    `  without              ${whole(acceptedPerSecond)} per second, worked off at ${whole(drainPerSecond)} (${ratio} ×)`,
  ].join('\n')
}
