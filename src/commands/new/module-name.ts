/** What a module may be called. Its name becomes a folder, a schema, a role, a permission, a setting and a name in programs. */
import { CommandError } from '../command-error.ts'

const form = /^[a-z]{2,20}$/

/** Names that mean something else in the hall, each with what. */
const meanings: Record<string, string> = {
  audited: 'the event that the platform announces for every module',
  clients: 'the world outside, where traffic is counted',
  contracts: 'the contracts of all modules',
  gateway: 'what stands between clients and modules',
  hall: 'the whole, and a process in topologies',
  heard: 'a word of src/modules/audit/handlers.ts',
  listeners: 'a word of src/modules/audit/handlers.ts',
  migrations: 'a schema of the database',
  platform: 'what all modules stand on',
  public: 'a schema of the database',
  queue: 'a part of the setting QUEUE_DATABASE_URL',
  sources: 'a word of src/modules/audit/handlers.ts',
  worker: 'a process that does background work',
}

/** What TypeScript and PostgreSQL keep for themselves. */
const reserved = new Set(
  (
    'abstract all analyse analyze and any array as asc async asymmetric await both break case cast catch check class collate column ' +
    'const constraint continue create debugger declare default deferrable delete desc distinct do else end enum eval except export ' +
    'extends false fetch finally for foreign from function get grant group having if implements import in initially instanceof ' +
    'interface intersect into is lateral leading let limit localtime localtimestamp namespace new not null of offset on only or order ' +
    'package placing primary private protected references return returning select set some static super switch symmetric table then ' +
    'this throw to trailing true try type typeof undefined union unique user using var variadic void when where while window with yield'
  ).split(' '),
)

/** Throws a `CommandError` that says why a module cannot be called so. */
export function assertNewName(name: string, known: readonly string[]): void {
  const problem = problemOf(name, known)
  if (problem !== undefined) throw new CommandError(`Nothing is written. ${problem}`)
}

function problemOf(name: string, known: readonly string[]): string | undefined {
  if (!form.test(name))
    return (
      `A module's name is one word of 2 to 20 small letters, such as loyalty: without spaces, digits, hyphens or capitals, ` +
      `since it is also a schema, a permission and a part of settings. ${JSON.stringify(name.slice(0, 60))} is not.`
    )
  if (known.includes(name)) return `There is a module ${name} already, in src/modules/${name}/.`
  const twin = known.find((other) => singular(other) === singular(name))
  if (twin !== undefined)
    return `${name} would be mistaken for the module ${twin}. Find a word of its own for what it does.`
  const meaning = meanings[name]
  if (meaning !== undefined) return `${name} has a meaning already: ${meaning}. Find another word.`
  return reserved.has(name) ? `${name} is a word of TypeScript or PostgreSQL. Find another.` : undefined
}

const singular = (word: string): string => word.replace(/(?<=..)s$/, '')
