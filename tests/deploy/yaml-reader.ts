/**
 * A strict reader of the YAML that `hall deploy` writes: blocks with two spaces for each step, flow style on one line, words,
 * quoted texts, literals. Whatever else there may be in YAML is refused, so that nothing is read otherwise than it was meant.
 */
type Line = { indent: number; text: string; number: number }
type Place = { lines: readonly Line[]; at: number }

/** Every document of a text. Lines that are comments are left out. */
export function readYaml(text: string): unknown[] {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.')
  return text.split(/^---\n/m).map(readDocument)
}

function readDocument(text: string): unknown {
  const lines = text
    .slice(0, -1)
    .split('\n')
    .map((line, index) => {
      const indent = /^ */.exec(line)![0].length
      return { indent, text: line.slice(indent), number: index + 1 }
    })
    .filter((line) => !(line.indent === 0 && line.text.startsWith('#')))
  const place = { lines, at: 0 }
  const value = readBlock(place, 0)
  if (place.at < lines.length) throw refused(lines[place.at]!, 'is not indented as what stands before it')
  return value
}

const refused = ({ number, text }: Line, why: string) => new Error(`Line ${number} ${why}: ${text}`)

function readBlock(place: Place, indent: number): unknown {
  const first = place.lines[place.at]
  if (first === undefined || first.indent !== indent)
    throw new Error(`A block is missing before line ${first?.number}.`)
  if (first.text.startsWith('- ')) return readItems(place, indent)
  if (keyOf(first) !== undefined) return readFields(place, indent)
  place.at += 1
  return readInline(first, first.text)
}

function readFields(place: Place, indent: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (let line = place.lines[place.at]; line?.indent === indent; line = place.lines[place.at]) {
    const key = keyOf(line)
    if (key === undefined) throw refused(line, 'has no field')
    if (Object.hasOwn(fields, key.name)) throw refused(line, 'names a field twice')
    place.at += 1
    Object.defineProperty(fields, key.name, {
      value: readRest(place, { line, rest: key.rest, indent: indent + 2 }),
      enumerable: true,
    })
  }
  return fields
}

function readItems(place: Place, indent: number): unknown[] {
  const items: unknown[] = []
  for (
    let line = place.lines[place.at];
    line?.indent === indent && line.text.startsWith('- ');
    line = place.lines[place.at]
  ) {
    const inner = { ...line, indent: indent + 2, text: line.text.slice(2) }
    if (inner.text !== '|' && (inner.text.startsWith('- ') || keyOf(inner) !== undefined)) {
      const lines = [...place.lines.slice(0, place.at), inner, ...place.lines.slice(place.at + 1)]
      const within = { lines, at: place.at }
      items.push(readBlock(within, indent + 2))
      place.at = within.at
    } else {
      place.at += 1
      items.push(readRest(place, { line, rest: inner.text, indent: indent + 2 }))
    }
  }
  return items
}

/** What follows `key:` or `-`. */
function readRest(place: Place, { line, rest, indent }: { line: Line; rest: string; indent: number }): unknown {
  if (rest === '') return readBlock(place, indent)
  if (rest !== '|') return readInline(line, rest)
  const texts: string[] = []
  for (
    let next = place.lines[place.at];
    next && (next.indent >= indent || next.text === '');
    next = place.lines[place.at]
  ) {
    texts.push(' '.repeat(Math.max(0, next.indent - indent)) + next.text)
    place.at += 1
  }
  return `${texts.join('\n')}\n`
}

/** The field of a line, where it begins with one. */
function keyOf(line: Line): { name: string; rest: string } | undefined {
  const found = /^((?:[A-Za-z/][\w./-]*)|'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"):(?: (.*))?$/.exec(line.text)
  if (!found) return undefined
  const name = readInline(line, found[1]!)
  return typeof name === 'string' ? { name, rest: found[2] ?? '' } : undefined
}

function readInline(line: Line, text: string): unknown {
  const reader = new InlineReader(line, text)
  const value = reader.value()
  reader.end()
  return value
}

const words = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
])
/** Texts to some readers, and something else to others. */
const doubtful = /^(y|n|yes|no|on|off|true|false|null)$/i

class InlineReader {
  readonly #line: Line
  readonly #text: string
  #at = 0

  constructor(line: Line, text: string) {
    this.#line = line
    this.#text = text
  }

  end(): void {
    if (this.#at < this.#text.length) throw refused(this.#line, `goes on after its value (at ${this.#at})`)
  }

  value(): unknown {
    if (this.#takes('{}')) return {}
    if (this.#takes('[]')) return []
    if (this.#takes('{ ')) return this.#fields()
    if (this.#takes('[')) return this.#items()
    return this.#scalar()
  }

  #fields(): Record<string, unknown> {
    const fields: Record<string, unknown> = {}
    do {
      const name = this.#scalar()
      if (typeof name !== 'string' || Object.hasOwn(fields, name) || !this.#takes(': '))
        throw refused(this.#line, 'has a field that cannot be read')
      Object.defineProperty(fields, name, { value: this.value(), enumerable: true })
    } while (this.#takes(', '))
    if (!this.#takes(' }')) throw refused(this.#line, 'does not close its brace')
    return fields
  }

  #items(): unknown[] {
    const items: unknown[] = []
    do items.push(this.value())
    while (this.#takes(', '))
    if (!this.#takes(']')) throw refused(this.#line, 'does not close its bracket')
    return items
  }

  #scalar(): unknown {
    const single = this.#matches(/'((?:[^']|'')*)'/y)
    if (single) return single[1]!.replaceAll("''", "'")
    const double = this.#matches(/"(?:[^"\\]|\\.)*"/y)
    if (double) return JSON.parse(double[0]) as string
    const number = this.#matches(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?=[,\]} ]|$)/y)
    if (number) return Number(number[0])
    const plain = this.#matches(/[A-Za-z/][\w./-]*/y)?.[0]
    if (plain === undefined) throw refused(this.#line, `cannot be read at ${this.#at}`)
    if (words.has(plain)) return words.get(plain)
    if (doubtful.test(plain)) throw refused(this.#line, `leaves it to the reader what ${plain} is`)
    return plain
  }

  #takes(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #matches(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found) this.#at = pattern.lastIndex
    return found
  }
}
