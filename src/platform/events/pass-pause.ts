/** The least pause between two passes of a sequencer: when idle an event goes at once, under load they gather. */

const pausesMs = { few: 100, many: 250, crowd: 500 }
const manyEvents = 4
const crowdOfEvents = 25

/** How long to wait after a pass. A queue's job costs more than an event that it carries: the more there are, the more go together. */
export function pauseAfterPass(carried: number): number {
  if (carried < manyEvents) return pausesMs.few
  return carried < crowdOfEvents ? pausesMs.many : pausesMs.crowd
}
