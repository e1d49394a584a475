import { defineConfig } from 'drizzle-kit'

// One config for all modules: MODULE says which one (`npm run generate -- orders` sets it). Tools that only read the
// config, such as knip, load it without MODULE, so that must not throw; the placeholder names no folder.
const moduleName = process.env['MODULE'] ?? 'module-not-named'

export default defineConfig({
  dialect: 'postgresql',
  schema: `./src/modules/${moduleName}/schema.ts`,
  out: `./drizzle/${moduleName}`,
})
