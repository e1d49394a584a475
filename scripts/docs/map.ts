/** The map of the hall, as Mermaid, from the declared graph. */
import { edges } from './read-modules.ts'

/** A listener of (almost) everybody would hide the rest of the map: it is drawn with one arrow. */
const manyMin = 5

/** Who calls, listens to and sends jobs to whom. */
export function mermaidMap(): string {
  const modules = Object.entries(edges).filter(([name]) => name !== 'gateway')
  const lines = modules.flatMap(([name, { calls, listens, sendsJobs }]) => [
    ...(calls.length > 0 ? [`  ${name} -->|calls| ${calls.join(' & ')}`] : []),
    ...(listens.length >= manyMin
      ? [`  everyone[every other module] -.->|events| ${name}`]
      : listens.map((source) => `  ${source} -.->|events| ${name}`)),
    ...sendsJobs.map((target) => `  ${name} ==>|jobs| ${target}`),
  ])
  const doors = edges['gateway']?.calls.join(' & ') ?? ''
  return [
    '```mermaid',
    'flowchart LR',
    '  clients([clients]) --> gateway',
    `  gateway --> ${doors}`,
    ...lines,
    '```',
  ].join('\n')
}

const begin = '<!-- map: made by npm run docs -->'
const end = '<!-- /map -->'

/** The text with the map between its two marks made anew. Throws where the marks are missing. */
export function withMap(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`There is no place for the map: it stands between ${begin} and ${end}.`)
  return `${text.slice(0, from + begin.length)}\n${mermaidMap()}\n${text.slice(to)}`
}
