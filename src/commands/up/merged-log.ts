/** What several processes say, in one stream: each line under its process's name, in its colour. */
import type { styleText } from 'node:util'
import type { Terminal } from '../terminal.ts'
import { harmless, readLogLine } from './log-line.ts'

/** Colours a text, where the terminal shows colours. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

const colours = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'cyanBright', 'yellowBright', 'greenBright'] as const
const levelStyles = { warn: 'yellow', error: 'red', fatal: 'red' } as const

export type MergedLog = {
  /** Shows a line that a process wrote. */
  tell(name: string, line: string): void
}

/** `names` are all that will be heard of: their colours, and the width of the column. */
export function mergeLogs(names: readonly string[], { err }: Pick<Terminal, 'err'>, paint: Paint): MergedLog {
  const width = Math.max(...names.map((name) => name.length))
  const heads = new Map(
    names.map((name, index) => [name, paint(colours[index % colours.length]!, `${name.padEnd(width)} |`)]),
  )
  return {
    tell(name, line) {
      err(`${heads.get(name)} ${describe(line, paint)}\n`)
    },
  }
}

function describe(line: string, paint: Paint): string {
  const read = readLogLine(line)
  if (read === undefined) return harmless(line)
  const { time, level, message, about } = read
  const style = levelStyles[level as keyof typeof levelStyles]
  const word = level.padEnd(5)
  return `${paint('dim', time)} ${style ? paint(style, word) : word} ${message} ${paint('dim', about)}`.trimEnd()
}
