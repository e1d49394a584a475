/** Inputs made wrong: everything that JSON can carry and a contract should refuse (or take) alike near and far. */
import fc from 'fast-check'

const nasty: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -0,
  () => -1,
  () => 0.5,
  () => 2 ** 53,
  () => 1e308,
  () => -1e-7,
  () => '',
  () => '   ',
  () => '0',
  () => 'with \u0000 inside',
  () => '\u0000',
  () => '\ud800 alone',
  () => 'alone \udc00',
  () => '\ufeff\u2028é𝔘',
  () => "'; DROP SCHEMA orders; --",
  () => '__proto__',
  () => 'constructor',
  () => 'x'.repeat(100_000),
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => ({ unknown: 1 }),
  () => JSON.parse('{"__proto__":{"quantity":1}}') as unknown,
  () => ({ length: 1, 0: 'x' }),
  () => '2026-02-30',
  () => '2026-01-01T00:00:00Z',
]
const strangers = ['unknown', '__proto__', 'constructor', 'toString', '', 'a b', '\u0000', '\ud800']

type Choice = { how: number; where: number; what: number }

/** The input with one thing wrong with it: a value of another kind, a field too few or too many, a list far too long. */
export const mutated = (input: unknown): fc.Arbitrary<unknown> =>
  fc
    .record({ how: fc.nat(9), where: fc.nat(10_000), what: fc.nat(10_000) }, { noNullPrototype: true })
    .map((choice) => mutate(structuredClone(input), choice))

type Place = { holder: any; key: string | number }

function mutate(input: unknown, { how, where, what }: Choice): unknown {
  const places: Place[] = []
  collect(input, places)
  const value = nasty[what % nasty.length]!()
  if (places.length === 0 || how === 0) return value
  const { holder, key } = places[where % places.length]!
  if (how === 1 && !Array.isArray(holder)) delete holder[key]
  else if (how === 2) addStranger(holder, value, what)
  else if (how === 3) lengthen(holder[key])
  else holder[key] = value
  return input
}

function collect(value: unknown, places: Place[]): void {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    places.push({ holder: value, key })
    collect((value as Record<string, unknown>)[key], places)
  }
}

/** As JSON does it: an own property, also where it is named `__proto__`. */
function addStranger(holder: object, value: unknown, what: number): void {
  const name = strangers[what % strangers.length]!
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}

function lengthen(list: unknown): void {
  if (!Array.isArray(list) || list.length === 0) return
  const [first] = list as unknown[]
  while (list.length <= 1000) list.push(structuredClone(first))
}

/** Spoils a value in place, all the way down: whoever still holds a part of it will notice. */
export function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const child of Object.values(value)) spoil(child)
  if (Array.isArray(value)) value.push('spoilt')
  else for (const key of Object.keys(value)) (value as Record<string, unknown>)[key] = 'spoilt'
}
