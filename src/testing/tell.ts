import { randomUUID } from 'node:crypto'
import type { EventDefinition } from '#platform/events/event'
import type { TestHall } from './hall.ts'

/**
 * Writes an event into the journal of the module that announces it, as that module would: for tests of what listens, where
 * what leads to the event is another module's matter. `hall.settle()` applies it.
 */
export async function tell<Fact>(
  { sql }: Pick<TestHall, 'sql'>,
  definition: EventDefinition<string, Fact>,
  fact: Fact,
): Promise<void> {
  const checked = definition.fact.parse(fact)
  const [module] = definition.name.split('.')
  await sql(
    `insert into "${module}".journal (id, name, key, version, fact, correlation, actor)
     values ($1, $2, $3, $4, $5::jsonb, 'test', '{"kind":"system","id":"test"}')`,
    [
      `evt_${randomUUID()}`,
      definition.name,
      definition.key(checked),
      definition.version(checked),
      JSON.stringify(checked),
    ],
  )
}
