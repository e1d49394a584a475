/** The map of the hall in the README, as Mermaid, from the declared graph. */
import { mermaidOf } from '../../src/commands/graph/mermaid.ts'
import { graph } from '../../src/modules.ts'

const begin = '<!-- map: made by npm run docs -->'
const end = '<!-- /map -->'

/** The text with the map between its two marks made anew. Throws where the marks are missing. */
export function withMap(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`There is no place for the map: it stands between ${begin} and ${end}.`)
  const map = ['```mermaid', ...mermaidOf(graph), '```'].join('\n')
  return `${text.slice(0, from + begin.length)}\n${map}\n${text.slice(to)}`
}
