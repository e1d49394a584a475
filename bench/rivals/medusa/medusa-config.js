/** Medusa as its documentation sets it up, without its admin pages; its cache flag on. */
const { defineConfig } = require('@medusajs/framework/utils')

module.exports = defineConfig({
  admin: { disable: true },
  featureFlags: { caching: process.env.MEDUSA_CACHING === 'yes' },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false },
    http: {
      storeCors: 'http://127.0.0.1',
      adminCors: 'http://127.0.0.1',
      authCors: 'http://127.0.0.1',
      jwtSecret: 'a secret of the benchmark',
      cookieSecret: 'a secret of the benchmark',
    },
  },
})
