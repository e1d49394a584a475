/** A compose file of a topology: all of it on one machine, with PostgreSQL, Redis and the payment sandbox. */
import { printTopology } from '../topologies.ts'
import { type Json, yamlOf } from './yaml.ts'
import {
  internalPort,
  metricsPort,
  metricsSettings,
  type Plan,
  type Program,
  publicPort,
  topologyFile,
} from './plan.ts'

export type ComposeOptions = {
  /** The name of the image. */
  image: string
  /** Where the image is built from, as seen from the file. */
  context: string
  /** How the file is called where it is used, and what made it: for the lines at its head. */
  file: string
  madeBy: string
}

/** What the file has besides the programs of the topology. */
export const composeServices = ['postgres', 'redis', 'payments-sandbox']

const sandboxPort = 4100

/** The file as text. */
export function composeFile(plan: Plan, options: ComposeOptions): string {
  const { image, context, file, madeBy } = options
  const base = { image, build: context, init: true, restart: 'unless-stopped', stop_grace_period: '30s' }
  const services = plan.programs.map((program) => [program.name, serviceOf(program, { plan, base })] as const)
  const volumes = [...plan.programs.filter(keepsData).map(({ name }) => name), 'payments-sandbox', 'postgres']
  const head = [
    `Made by \`npm run hall -- ${madeBy}\`. What is changed here is lost when it is made again.`,
    `  printf 'HALL_SECRET=%s\\nPOSTGRES_PASSWORD=%s\\n' "$(openssl rand -hex 32)" "$(openssl rand -hex 16)" > compose.env`,
    `  docker compose --env-file compose.env -f ${file} up --build`,
    'Keep compose.env: a hall that is started again must know both.',
  ]
  const content: Json = {
    name: 'markethall',
    services: {
      ...Object.fromEntries(services),
      'payments-sandbox': sandbox(base),
      postgres: postgres(plan.programs),
      redis,
    },
    ...(plan.topology && { configs: { topology: { content: printTopology(plan.topology) } } }),
    volumes: Object.fromEntries(volumes.map((name) => [name, {}])),
  }
  return `${head.map((line) => `# ${line}\n`).join('')}${yamlOf(content)}`
}

type Base = { [field: string]: Json }

function serviceOf(program: Program, { plan, base }: { plan: Plan; base: Base }): Json {
  const { name, isGateway, command } = program
  return {
    ...base,
    command: ['node', ...command],
    environment: environmentOf(program, plan),
    ...(plan.topology && { configs: [{ source: 'topology', target: topologyFile }] }),
    ...(isGateway && { ports: [`127.0.0.1:\${PORT:-${publicPort}}:${publicPort}`] }),
    ...(keepsData(program) && { volumes: [`${name}:/data`] }),
    depends_on: needsOf(program, plan),
    healthcheck: healthcheckOf(program),
  }
}

/** The owner's key is made by whoever hosts the accounts, and kept. */
const keepsData = ({ role, modules }: Program): boolean => role === 'face' && modules.includes('identity')

function environmentOf({ role, isGateway, talksToProvider, connections }: Program, { programs }: Plan): Json {
  const gateway = programs.find((program) => program.isGateway)!
  return {
    DATABASE_URL:
      'postgres://markethall:${POSTGRES_PASSWORD:?Set POSTGRES_PASSWORD, in compose.env}@postgres:5432/markethall',
    DATABASE_CONNECTIONS: String(connections),
    REDIS_URL: 'redis://redis:6379',
    HALL_SECRET: '${HALL_SECRET:?Set HALL_SECRET to 64 random hexadecimal digits, in compose.env}',
    // A real provider's address goes here. The sandbox takes no money.
    ...(talksToProvider && {
      PAYMENTS_URL: `http://payments-sandbox:${sandboxPort}`,
      PAYMENTS_WEBHOOK_SECRET: '${PAYMENTS_WEBHOOK_SECRET:-the-sandbox-needs-no-better-secret}',
    }),
    ...(role === 'face' && { WORKERS: 'off' }),
    ...metricsSettings,
    ...((isGateway || (role === 'face' && talksToProvider)) && { PUBLIC_URL: `http://${gateway.name}:${publicPort}` }),
  }
}

/** A gateway that fills the shelves on its first start needs the modules; nobody else needs another process to start. */
function needsOf(program: Program, { programs }: Plan): Json {
  const faces = program.isGateway ? programs.filter(({ role, isGateway }) => role === 'face' && !isGateway) : []
  const healthy = ['postgres', 'redis', ...faces.map(({ name }) => name)]
  return {
    ...Object.fromEntries(healthy.map((name) => [name, { condition: 'service_healthy' }])),
    ...(program.talksToProvider && { 'payments-sandbox': { condition: 'service_started' } }),
  }
}

/** A face is asked where others ask it; a worker, which has none, where its figures are. */
function healthcheckOf({ role, isGateway }: Program): Json {
  const port = role === 'worker' ? metricsPort : isGateway ? publicPort : internalPort
  const asks = `fetch('http://127.0.0.1:${port}/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`
  return { test: ['CMD', 'node', '-e', asks], interval: '5s', timeout: '3s', start_period: '60s', retries: 6 }
}

const sandbox = (base: Base): Json => ({
  ...base,
  command: [
    'node',
    'src/modules/payments/sandbox/main.ts',
    '--file',
    '/data/sandbox.sqlite',
    '--host',
    '0.0.0.0',
    '--port',
    String(sandboxPort),
  ],
  volumes: ['payments-sandbox:/data'],
  healthcheck: { disable: true },
})

function postgres(programs: readonly Program[]): Json {
  const wanted = programs.reduce((sum, { connections }) => sum + connections, 0)
  // Room for a person and for backups, in hundreds.
  const connectionsMax = Math.max(200, Math.ceil((wanted + 20) / 100) * 100)
  return {
    image: 'postgres:18',
    restart: 'unless-stopped',
    // Logical replication is how a module can leave with its data.
    command: ['postgres', '-c', 'wal_level=logical', '-c', `max_connections=${connectionsMax}`],
    environment: { POSTGRES_USER: 'markethall', POSTGRES_DB: 'markethall', POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}' },
    volumes: ['postgres:/var/lib/postgresql'],
    healthcheck: {
      test: ['CMD', 'pg_isready', '--username', 'markethall', '--dbname', 'markethall'],
      interval: '2s',
      timeout: '3s',
      retries: 30,
    },
  }
}

const redis: Json = {
  image: 'redis:8',
  restart: 'unless-stopped',
  command: ['redis-server', '--save', '', '--maxmemory-policy', 'noeviction'],
  healthcheck: { test: ['CMD', 'redis-cli', 'ping'], interval: '2s', timeout: '3s', retries: 30 },
}
