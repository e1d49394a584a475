/** `docs/api.md`: every operation, event and job of the hall. */
import { accessInWords, type DocumentedModule, type DocumentedOperation, edges } from './read-modules.ts'
import { shapeOf } from './shape.ts'

const head = `# The hall's operations, events and jobs

Generated from the contracts by \`npm run docs\`; a test compares. What the shared names mean:
[values.ts](../src/platform/values.ts). \`Money\` is \`{ amountMinor, currency }\`, an integer of the currency's minor unit; an
\`Instant\` is ISO 8601 in UTC with milliseconds, a \`Day\` such as \`2010-12-01\`; a page is \`{ items, nextCursor }\`.

Queries are asked with \`GET /trpc/<module>.<operation>?input=<JSON>\`, everything else is sent with
\`POST /trpc/<module>.<operation>\`; stock tRPC clients do so by themselves. *anyone* needs no key, *signed in* an access token or an
API key, a permission such as \`catalog:write\` one that holds it; *internal* is for the hall's own modules. Besides the reasons named
here everything may be refused for the platform's own: \`platform.invalid_input\`, \`unauthenticated\`, \`forbidden\`, \`key_reused\`,
\`in_progress\`, \`deadline_exceeded\`, \`unavailable\`.
`

/** The whole page, as Markdown. */
export function apiPage(modules: readonly DocumentedModule[]): string {
  const contents = modules.map(({ name }) => `[${name}](#${name})`).join(' · ')
  return `${[head, contents, ...modules.map(chapter)].join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`
}

function chapter({ name, operations, events, jobs }: DocumentedModule): string {
  return [
    `## ${name}`,
    neighbours(name),
    ...operations.map((operation) => operationInWords(name, operation)),
    events.length > 0 ? `### Events of ${name}` : '',
    ...events.map(
      ({ definition, sentence }) =>
        `- **\`${definition.name}\`** ${sentence}\n  \`${shapeOf(definition.fact, 'output')}\``,
    ),
    jobs.length > 0 ? `### Jobs of ${name}` : '',
    ...jobs.map(
      ({ definition, sentence }) =>
        `- **\`${definition.name}\`** ${sentence}\n  \`${shapeOf(definition.payload, 'input')}\``,
    ),
  ].join('\n\n')
}

function neighbours(name: string): string {
  const { calls = [], listens = [], sendsJobs = [] } = edges[name] ?? {}
  const parts = [
    calls.length > 0 ? `Calls ${calls.join(', ')}.` : 'Calls nobody.',
    listens.length > 0 ? `Listens to ${listens.join(', ')}.` : '',
    sendsJobs.length > 0 ? `Sends jobs to ${sendsJobs.join(', ')}.` : '',
    `[Its README](../src/modules/${name}/README.md).`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function operationInWords(module: string, { name, spec, sentence }: DocumentedOperation): string {
  const flags = [
    spec.undoes === undefined ? '' : `undoes \`${spec.undoes}\``,
    spec.cached ? 'cached for guests' : '',
    spec.secret ? 'nothing of it is recorded, keys are ignored' : '',
  ].filter((flag) => flag !== '')
  const lines = [
    `### ${module}.${name}`,
    '',
    `*${[spec.kind, accessInWords(spec.access), ...flags].join(' · ')}*`,
    '',
    sentence,
    '',
    `- in: \`${shapeOf(spec.input, 'input')}\``,
    `- out: \`${shapeOf(spec.output, 'output')}\``,
  ]
  if (spec.reasons.length > 0) lines.push(`- refused for: ${spec.reasons.map((reason) => `\`${reason}\``).join(', ')}`)
  return lines.join('\n')
}
