/** Vendure as its documentation sets it up for production: PostgreSQL, its search index, its job queue in the database, a worker. */
import vendure from '@vendure/core'

const { DefaultJobQueuePlugin, DefaultLogger, DefaultSearchPlugin, dummyPaymentHandler, LogLevel } = vendure

const database = new URL(process.env.DATABASE_URL)

export const config = {
  apiOptions: {
    port: Number(process.env.PORT ?? 0),
    hostname: '127.0.0.1',
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
  },
  authOptions: {
    tokenMethod: ['bearer'],
    superadminCredentials: { identifier: 'owner', password: 'a password of the benchmark' },
    cookieOptions: { secret: 'a secret of the benchmark' },
  },
  dbConnectionOptions: {
    type: 'postgres',
    host: database.hostname,
    port: Number(database.port),
    username: database.username,
    password: database.password,
    database: database.pathname.slice(1),
    synchronize: process.env.POPULATE === 'yes',
    logging: false,
    poolSize: 20,
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  plugins: [
    DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: false }),
    DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true }),
  ],
}
