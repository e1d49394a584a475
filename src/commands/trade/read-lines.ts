import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { CsvError, parse } from 'csv-parse'
import { CommandError } from '../command-error.ts'
import { LineError, lineParser, type FileLine, type LineParser } from './parse-line.ts'

/** A record longer than this is no line of an invoice but a quote that was never closed. */
const RECORD_BYTES_MAX = 1_000_000

type Located = { record: string[]; info: { lines: number } }

/**
 * Reads the lines of a file in the Online Retail format, CSV plain or gzipped (told by its first bytes, not its name),
 * streamed: one line is in memory at a time. Throws `CommandError`, naming the file, the line and what to do.
 */
export async function* readLines(path: string): AsyncGenerator<FileLine> {
  const format = await sniffFormat(path)
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
  })
  const source = createReadStream(path)
  const reading =
    format === 'gzip' ? pipeline(source, createGunzip(), decodeUtf8, parser) : pipeline(source, decodeUtf8, parser)
  // The same error reaches the loop below through the parser; here it would only be reported as unhandled.
  reading.catch(() => undefined)
  let understand: LineParser | undefined
  try {
    for await (const { record, info } of parser as AsyncIterable<Located>) {
      if (understand === undefined) understand = located(path, info.lines, () => lineParser(record))
      else {
        const parseLine = understand
        yield located(path, info.lines, () => parseLine(record))
      }
    }
  } catch (error) {
    throw explained(path, error)
  }
  if (understand === undefined) throw new CommandError(`${path} is empty. Give a CSV file in the Online Retail format.`)
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
    throw explained(path, error)
  }
}

async function* decodeUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/** Turns what reading can run into into a sentence; what it does not know is a bug and stays as it is. */
function explained(path: string, error: unknown): unknown {
  if (error instanceof CsvError) {
    return new CommandError(`${path}, line ${Number(error['lines'])}: it is not valid CSV. ${error.message}`)
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT')
    return new CommandError(`There is no file ${path}. Give the path of a CSV file, plain or gzipped.`)
  if (code === 'EACCES') return new CommandError(`${path} may not be read. Change its permissions.`)
  if (code.startsWith('Z_'))
    return new CommandError(`${path} is damaged: its gzip data is broken or cut off. Fetch it again.`)
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new CommandError(`${path} is not text in UTF-8. Convert it, for example with: iconv -f latin1 -t utf-8.`)
  }
  return error
}
