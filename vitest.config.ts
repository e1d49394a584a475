import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const globalSetup = ['tests/setup/global.ts'].filter((file) => existsSync(new URL(file, import.meta.url)))

export default defineConfig({
  test: {
    // Every file has servers and connections of its own: a process per file keeps them apart.
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--import', new URL('src/quick-imports.ts', import.meta.url).href],
    globalSetup,
    include: ['src/**/*.test.ts', 'workers/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'tests/fixtures/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
