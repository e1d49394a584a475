/** Lines of columns, each as wide as its widest cell; the last one is left as it is. */
export function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '),
  )
}

/** Lines of columns which, from the given one on, hold figures: these end below each other. */
export function figuresOf(rows: readonly (readonly string[])[], from: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const padded = rows.map((row) =>
    row.map((cell, column) => (column < from ? cell : cell.padStart(widths[column] ?? 0))),
  )
  return tableOf(padded).map((line) => line.trimEnd())
}
