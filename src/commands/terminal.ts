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
  // A reader such as `head` may have seen enough: what is left to say then has no reader, which is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY,
    // A terminal that does not know its width says 0.
    columns: process.stderr.columns || 80,
  }
}
