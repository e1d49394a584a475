/** A line of a process's log, which is JSON, for somebody who watches: when, how bad, what, and what it was about. */

export type LogLine = { time: string; level: string; message: string; about: string }

const valueLengthMax = 160
const aboutLengthMax = 600
/** Told in other ways, or of no use to somebody who watches. */
const leftOut = new Set(['level', 'time', 'pid', 'name', 'hostname', 'msg'])

/** Undefined for a line that is no log's: what a program says before it has one. */
export function readLogLine(line: string): LogLine | undefined {
  const fields = fieldsOf(line)
  if (fields === undefined || typeof fields['level'] !== 'string' || typeof fields['msg'] !== 'string') return undefined
  const about = Object.entries(fields)
    .filter(([name]) => !leftOut.has(name))
    .map(([name, value]) => `${name}=${shownOf(value)}`)
    .join(' ')
  const { time, level, msg } = fields
  return {
    time: typeof time === 'string' ? time.slice(11, 19) : '',
    level,
    message: shortened(harmless(msg), aboutLengthMax),
    about: shortened(harmless(about), aboutLengthMax),
  }
}

function fieldsOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** An error is its message, a text itself, anything else its JSON. */
function shownOf(value: unknown): string {
  const isError = typeof value === 'object' && value !== null && 'message' in value
  const plain = isError ? value.message : value
  const text = typeof plain === 'string' ? plain : (JSON.stringify(plain) ?? '')
  const short = shortened(text, valueLengthMax)
  return typeof plain !== 'string' || /^[\w./:@-]+$/.test(short) ? short : JSON.stringify(short)
}

const shortened = (text: string, lengthMax: number): string =>
  text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text

/** Without what a terminal would obey: some of it may come from strangers. */
// oxlint-disable-next-line no-control-regex -- these are what is taken out
export const harmless = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
