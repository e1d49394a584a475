import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip } from 'node:zlib'
import { CsvError, parse } from 'csv-parse'
import { CommandError } from '../command-error.ts'
import { UNKNOWN_COUNTRY } from './countries.ts'
import { LineError, lineParser, type FileLine, type LineParser } from './parse-line.ts'

/** A record longer than this is no line of an invoice but a quote that was never closed. */
const RECORD_BYTES_MAX = 1_000_000
const LINE_FEED = 0x0a

/** A record, and the line of the file that it ends in. */
type Located = { record: string[]; info: { lines: number } }
/** How far a file was read: the line that the last whole record ended in, and whether the text broke off within a line. */
type Progress = { line: number; endsWithinLine: boolean }

/**
 * Reads the lines of a file in the Online Retail format, CSV plain or gzipped (told by its first bytes, not its name),
 * streamed: one line is in memory at a time. Throws `CommandError`, naming the file, the line and what to do.
 */
export async function* readLines(path: string): AsyncGenerator<FileLine> {
  const format = await sniffFormat(path)
  const progress: Progress = { line: 0, endsWithinLine: false }
  const parser = createParser(progress)
  const source = createReadStream(path)
  const decode = (chunks: AsyncIterable<Uint8Array>) => decodeUtf8(chunks, { path, progress })
  const reading =
    format === 'gzip' ? pipeline(source, createGunzip(), decode, parser) : pipeline(source, decode, parser)
  // The same error reaches the loop below through the parser; here it would only be reported as unhandled.
  reading.catch(() => undefined)
  let understand: LineParser | undefined
  let last: FileLine | undefined
  try {
    for await (const { record: fields, info } of parser as AsyncIterable<Located>) {
      const line = info.lines
      assertOneLine(path, fields, line)
      if (understand === undefined) understand = located(path, line, () => lineParser(fields))
      else {
        const parseLine = understand
        yield (last = located(path, line, () => parseLine(fields)))
      }
    }
  } catch (error) {
    throw error instanceof CommandError ? error : await explained(path, error, progress)
  }
  if (understand === undefined) throw new CommandError(`${path} is empty. Give a CSV file in the Online Retail format.`)
  // The last column is the country's: a part of a name is no country that we know.
  if (progress.endsWithinLine && last?.country === UNKNOWN_COUNTRY) {
    throw new CommandError(
      `${path}, line ${progress.line}: the file breaks off within this line. Fetch it again; if it is whole, end its last line.`,
    )
  }
}

function createParser(progress: Progress) {
  return parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
    info: true,
    // Where a later record stumbles, the records that are read by then wait unread: only this hears of them.
    on_record(withInfo: string[], { lines }) {
      progress.line = lines
      return withInfo
    },
  })
}

/** No field of the format has several lines: a quote that is missing makes one of lines that would be lost in it. */
function assertOneLine(path: string, fields: string[], line: number): void {
  const further = fields.reduce((sum, field) => sum + (field.split('\n').length - 1), 0)
  if (further === 0) return
  throw new CommandError(
    `${path}, line ${line - further}: a quote that is opened here is closed only in line ${line}. Mend the line.`,
  )
}

/** Runs a parser, and says where in the file it stumbled. */
function located<T>(path: string, lineNumber: number, parseIt: () => T): T {
  try {
    return parseIt()
  } catch (error) {
    if (!(error instanceof LineError)) throw error
    throw new CommandError(`${path}, line ${lineNumber}: ${error.message}`)
  }
}

async function sniffFormat(path: string): Promise<'gzip' | 'plain'> {
  try {
    await using file = await open(path)
    if (!(await file.stat()).isFile())
      throw new CommandError(`${path} is not a file. It is read twice, so give a regular file.`)
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    // A spreadsheet's own format (.xlsx) is a zip archive.
    if (buffer.toString('latin1') === 'PK')
      throw new CommandError(`${path} is a spreadsheet or zip archive. Save it as CSV and give that file.`)
    return buffer[0] === 0x1f && buffer[1] === 0x8b ? 'gzip' : 'plain'
  } catch (error) {
    throw await explained(path, error)
  }
}

/** Decodes whole lines, so that what is no text can be told by its line. */
async function* decodeUtf8(
  chunks: AsyncIterable<Uint8Array>,
  { path, progress }: { path: string; progress: Progress },
): AsyncGenerator<string> {
  let linesBefore = 0
  let rest: Uint8Array = new Uint8Array()
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(LINE_FEED) + 1
    rest = bytes.subarray(end)
    if (rest.length > RECORD_BYTES_MAX) {
      const line = linesBefore + countLineFeeds(bytes) + 1
      throw new CommandError(`${path}, line ${line}: it does not end within a million bytes. Give a CSV file.`)
    }
    yield textOf(bytes.subarray(0, end), { path, linesBefore })
    linesBefore += countLineFeeds(bytes)
  }
  progress.endsWithinLine = rest.length > 0
  yield textOf(rest, { path, linesBefore })
}

function textOf(bytes: Uint8Array, { path, linesBefore }: { path: string; linesBefore: number }): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const line = linesBefore + firstLineNotUtf8(bytes)
    throw new CommandError(
      `${path}, line ${line}: it is not text in UTF-8. Convert the file, for example with: iconv -f latin1 -t utf-8.`,
    )
  }
}

function firstLineNotUtf8(bytes: Uint8Array): number {
  let line = 1
  for (let at = 0; at < bytes.length; line += 1) {
    const end = bytes.indexOf(LINE_FEED, at) + 1 || bytes.length
    if (!isUtf8(bytes.subarray(at, end))) return line
    at = end
  }
  return line
}

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1
  return count
}

/** Turns what reading can run into into a sentence; what it does not know is a bug and stays as it is. */
async function explained(path: string, error: unknown, progress?: Progress): Promise<unknown> {
  if (error instanceof CsvError) {
    const line = (progress?.line ?? 0) + 1
    if (['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE'].includes(error.code)) {
      return new CommandError(`${path}, line ${line}: a quote that is opened here is not closed. Mend the line.`)
    }
    return new CommandError(`${path}, line ${line}: it is not valid CSV. ${error.message}`)
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT')
    return new CommandError(`There is no file ${path}. Give the path of a CSV file, plain or gzipped.`)
  if (code === 'EACCES') return new CommandError(`${path} may not be read. Change its permissions.`)
  if (code.startsWith('Z_')) {
    const line = (await countReadableLines(path)) + 1
    return new CommandError(`${path}, line ${line}: its gzip data is broken or cut off here. Fetch the file again.`)
  }
  return error
}

/** How many whole lines a damaged gzip file still holds, up to where it breaks. */
async function countReadableLines(path: string): Promise<number> {
  let count = 0
  const gunzip = createReadStream(path).pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }))
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) count += countLineFeeds(chunk)
  } catch {
    // Up to here it could be read.
  }
  return count
}
