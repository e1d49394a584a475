import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const globalSetup = ['tests/setup/global.ts'].filter((file) => existsSync(new URL(file, import.meta.url)))

/** What spans modules takes longest, so it begins first: at the end no worker is left alone with a long file. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const spans = ({ moduleId }: TestSpecification) => !moduleId.includes('/src/')
    return [...sorted.filter(spans), ...sorted.filter((file) => !spans(file))]
  }
}

export default defineConfig({
  test: {
    // Every file has servers and connections of its own: a process per file keeps them apart.
    pool: 'forks',
    // One more than the processors: a test that waits for a process, a lease or a time-out leaves its own free.
    maxWorkers: 3,
    execArgv: ['--import', new URL('src/quick-imports.ts', import.meta.url).href],
    globalSetup,
    sequence: { sequencer: LongFirst },
    include: ['src/**/*.test.ts', 'workers/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'tests/fixtures/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
