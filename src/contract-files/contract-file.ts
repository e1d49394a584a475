/** What a module promises, as `contracts/<module>.json` keeps it, and how such a file is written and read. */
import { z } from 'zod'

/** Where the files lie. */
export const contractsFolder = 'contracts'
/** Written by hand: what is taken back on purpose. */
export const withdrawnFile = `${contractsFolder}/withdrawn.json`

const jsonSchema = z.record(z.string(), z.unknown())

const access = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['anyone', 'customer', 'internal']) }),
  z.object({ kind: z.literal('staff'), permission: z.string() }),
])

const operation = z.object({
  kind: z.enum(['query', 'command', 'saga']),
  access,
  reasons: z.array(z.string()),
  undoes: z.string().optional(),
  secret: z.boolean().default(false),
  audited: z.boolean().default(false),
  cached: z.boolean().default(false),
  input: jsonSchema,
  output: jsonSchema,
})

/** Of an event's functions: the field that is its key, and the field that is its version, or the version that all have. */
const field = z.union([z.string(), z.number()])

const contractFile = z.object({
  module: z.string(),
  operations: z.record(z.string(), operation),
  events: z.record(z.string(), z.object({ key: field, version: field, fact: jsonSchema })),
  jobs: z.record(z.string(), z.object({ payload: jsonSchema })),
})

export type PromisedOperation = z.infer<typeof operation>
export type PromisedEvent = z.infer<typeof contractFile>['events'][string]
export type PromisedJob = z.infer<typeof contractFile>['jobs'][string]
export type ContractFile = z.infer<typeof contractFile>

/** Reads a file's text. Throws a sentence that says what is wrong with it. */
export function readContractFile(text: string): ContractFile {
  const parsed = contractFile.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error))
  return parsed.data
}

/** The file's text. What is not true of an operation is left out. */
export function printContractFile({ module, operations, events, jobs }: ContractFile): string {
  const said = Object.entries(operations).map(([name, { secret, audited, cached, input, output, ...rest }]) => {
    const flags = { ...(secret && { secret }), ...(audited && { audited }), ...(cached && { cached }) }
    return [name, { ...rest, ...flags, input, output }] as const
  })
  return `${print({ module, operations: Object.fromEntries(said), events, jobs })}\n`
}

const widthMax = 120

/** JSON in which whatever fits into a line stands in one: a field's change is then a line's. */
function print(value: unknown, indent = ''): string {
  const line = inOneLine(value)
  if (indent.length + line.length <= widthMax || typeof value !== 'object' || value === null) return line
  const deeper = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const parts = Array.isArray(value)
    ? value.map((each) => print(each, deeper))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${print(each, deeper)}`)
  return `${open}\n${parts.map((part) => `${deeper}${part}`).join(',\n')}\n${indent}${close}`
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${inOneLine(each)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}
