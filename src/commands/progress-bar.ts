import type { Terminal } from './terminal.ts'

const REDRAW_MS = 100
const BAR_WIDTH_MAX = 30

export type ProgressBar = {
  /** Says how many are done, and of how many where that has changed; draws at most ten times a second. */
  update: (done: number, total?: number) => void
  /** Removes the bar from the screen. */
  clear: () => void
}

/** Draws a bar on standard error while a person watches; does nothing otherwise. `now` is in milliseconds. */
export function startProgressBar(
  terminal: Terminal,
  goal: { noun: string; total: number },
  now = () => performance.now(),
): ProgressBar {
  const { noun } = goal
  if (!terminal.interactive) return { update: () => undefined, clear: () => undefined }
  const startedAt = now()
  let drawnAt = Number.NEGATIVE_INFINITY
  const update = (done: number, total = goal.total) => {
    const at = now()
    if (total === 0) return
    if (at - drawnAt < REDRAW_MS && done < total) return
    drawnAt = at
    terminal.err(`\r\u001B[K${drawBar({ done, total, noun, seconds: (at - startedAt) / 1000 }, terminal.columns)}`)
  }
  return { update, clear: () => terminal.err('\r\u001B[K') }
}

/** One line of progress, never wider than the screen (a wrapped line could not be taken back). */
export function drawBar(
  state: { done: number; total: number; noun: string; seconds: number },
  columns: number,
): string {
  const perSecond = state.seconds > 0 ? state.done / state.seconds : 0
  const left = perSecond > 0 ? `, ${Math.ceil((state.total - state.done) / perSecond)} s left` : ''
  const text = ` ${state.done}/${state.total} ${state.noun}, ${perSecond.toFixed(1)}/s${left}`
  const width = Math.min(BAR_WIDTH_MAX, columns - text.length - 3)
  if (width < 5) return text.trim().slice(0, Math.max(0, columns - 1))
  const filled = Math.floor((Math.min(state.done, state.total) / state.total) * width)
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]${text}`
}
