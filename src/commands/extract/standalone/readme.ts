/** What the README of a module's own project says. */
import { circleOf, type Project } from './parts.ts'

export function readmeOf({ module, process, topology }: Project): string {
  const neighbours = circleOf(module).filter((name) => name !== module)
  const others = Object.keys(topology.processes).filter((name) => name !== process)
  return `# ${module}

The module [${module}](src/modules/${module}/README.md) of Markethall, as a project of its own. It was written by
\`npm run hall -- extract ${module} --standalone …\` in the hall's repository, and works for the rest of the hall, which stays there.

\`\`\`sh
npm ci
npm start
\`\`\`

The process serves ${module} to the other processes of the hall (${others.join(', ')}), works its queues, and brings its tables up to date. It finds them by
[topology.json](topology.json), which the others are started with, too. They must have in common what \`.env\` (kept out of git) takes from a
hall on the same machine, and what elsewhere are settings:

- \`HALL_SECRET\`: processes that have another one are strangers, and are refused;
- \`DATABASE_URL\`, or \`${module.toUpperCase()}_DATABASE_URL\` for a database of its own;
- \`REDIS_URL\` or \`QUEUE_DATABASE_URL\`, where the hall has it: the queues are the hall's.

| command | what it does |
|---|---|
| \`npm run check\` | types, lint, format, boundaries |
| \`npm test\` | the tests of ${module}, on a PostgreSQL that they start themselves |
| \`npm run worker\` | works the queues in a process of its own, beside processes with \`WORKERS=off\` |
| \`npm run generate -- ${module} --name what_it_does\` | makes the next migration from \`schema.ts\` |
| \`docker build -t ${module} .\` | the image: in what \`hall deploy\` writes, the \`image\` of \`${process}\` and of its worker |

## What is here

- \`src/modules/${module}\`, \`drizzle/${module}\`: the module, its tests and its migrations. They are this project's.
- ${contractsSentence(neighbours)}
- \`src/modules.ts\` names the whole hall, since that says who may call whom, and loads ${module} alone.
- Everything else (\`src/platform\`, \`src/testing\`, \`workers\`, \`scripts\`) is as it is in the hall. All paths are those of the hall's repository, so a
  change goes from one to the other as a patch. Both sides follow [the same contracts](src/contracts.ts), which change by addition.

The way back: bring what was changed here to the same paths there, \`npm run hall -- fold ${module}\`, and stop this process.
`
}

function contractsSentence(neighbours: readonly string[]): string {
  if (neighbours.length === 0) return '`src/modules` has nothing else: it depends on no other module.'
  const folders = neighbours.map((name) => `\`src/modules/${name}\``).join(', ')
  return `${folders}: of what it depends on the contracts, and nothing else. Its tests are run with the real modules, which are
  in \`tests/neighbours\` (their migrations in \`drizzle\`) and in no image.`
}
