/** What the tests of rebuilds share: reporting's rows, what its tables are called, and more orders than anybody would place. */
import pg from 'pg'

type Sql = <Row extends Record<string, unknown> = Record<string, any>>(
  text: string,
  values?: unknown[],
) => Promise<Row[]>

/** The modules without which orders are not told and counted. */
export const counting = ['payments', 'fulfilment', 'orders', 'reporting'] as const

const tables = ['sales_by_country', 'sales_by_day', 'sales_by_product', 'sold_orders']

/** Every row of reporting's own tables, byte for byte. */
export async function figuresOf(sql: Sql): Promise<string[]> {
  const each = tables.map((table) => `select '${table} ' || t::text as row from reporting.${table} t`)
  const rows = await sql<{ row: string }>(`${each.join(' union all ')} order by 1`)
  return rows.map(({ row }) => row)
}

/** Everything in reporting's schema by its name, with its columns, its constraints, its owner, and who may use it. */
export const namesOf = (sql: Sql) =>
  sql(`select c.relname as name, c.relkind as kind, c.relowner::regrole::text as owner, c.relacl::text as acl,
      (select array_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull order by attnum) from pg_attribute
       where attrelid = c.oid and attnum > 0) as columns,
      (select array_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid = c.oid) as constraints
    from pg_class c where relnamespace = 'reporting'::regnamespace order by 1`)

/** Whether the copy is there. */
export async function hasCopy(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ there: boolean }>(`select to_regnamespace('reporting_copy') is not null as there`)
  return row!.there
}

/** Writes orders of 100 each into the journal, as if they had been placed: numbers `from` to `to`. */
export const tellOrders = (sql: Sql, { from, to }: { from: number; to: number }) =>
  sql(
    `insert into orders.journal (id, name, key, version, fact, correlation, actor)
     select 'evt_told-' || n, 'orders.placed', order_id, 1, jsonb_build_object('orderId', order_id, 'version', 1, 'reference', 'told ' || n,
       'number', n, 'orderedAt', '2010-12-' || to_char(1 + n % 28, 'FM00') || 'T08:26:00.000Z', 'currency', 'GBP', 'country', 'GB',
       'grossMinor', 100, 'lineCount', 1, 'lines', jsonb_build_array(jsonb_build_object('sku', 'SKU-' || n % 40, 'name', 'thing ' || n % 3,
       'quantity', 1, 'grossMinor', 100, 'stocked', true))), 'test', '{"kind":"system","id":"test"}'
     from (select n, 'ord_01940000-0000-7000-8000-' || to_char(n, 'FM000000000000') as order_id from generate_series($1::int, $2::int) as n) as told`,
    [from, to],
  )

/** December as a client reads it. */
export const december = { from: '2010-12-01', to: '2010-12-31', currency: 'GBP' }

/** Stops a copy in its next batch, and nothing else: it waits for a lock that is held here. */
export async function openGate(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  client.on('error', () => undefined)
  const lock = `hashtext('reporting_copy'), hashtext('sales')`
  return {
    /** The gate is shut when this ends: after the batch that is under way. */
    shut: () => client.query(`select pg_advisory_lock(${lock})`),
    open: () => client.query(`select pg_advisory_unlock_all()`),
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** How many wait at gates. */
export async function waitingAtGates(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }>(
    `select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted and classid = hashtext('reporting_copy')::oid
     and database = (select oid from pg_database where datname = current_database())`,
  )
  return row!.count
}
