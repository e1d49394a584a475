/** Where a command writes. Results go to `out`, everything said on the way to `err`, so that results can be piped. */
export type Terminal = {
  /** Writes one line of result to standard output. */
  out: (line: string) => void
  /** Writes text as it is (no line break added) to standard error. */
  err: (text: string) => void
  /** Whether a person watches standard error: only then a progress bar is drawn. */
  interactive: boolean
  /** The width of the screen in characters. */
  columns: number
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY,
    columns: process.stderr.columns ?? 80,
  }
}
