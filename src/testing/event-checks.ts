/** What must hold of journals, cursors and what listeners made of the events, derived from the declared graph. */
import { sourcesOf } from '#platform/host/runtimes'
import { graph, moduleNames } from '../modules.ts'
import type { Check } from './check.ts'

/** One query over the same table of every module, which is `module` in its rows. */
const ofAll = (table: string, columns: string) =>
  moduleNames.map((module) => `SELECT '${module}' AS module, ${columns} FROM "${module}".${table}`).join(' UNION ALL ')

const journals = ofAll('journal', 'id, name, key, version, fact, lane, position')
const lanes = ofAll('lanes', 'lane, head')
const cursors = ofAll('cursors', 'source, lane, position')

const listening = moduleNames
  .flatMap((module) => sourcesOf(graph, module).map((source) => `('${module}', '${source}')`))
  .join(', ')

const placed = `SELECT fact->>'orderId' AS order_id, left(fact->>'orderedAt', 10) AS day, fact->>'currency' AS currency,
  (fact->>'grossMinor')::bigint AS gross_minor FROM orders.journal WHERE name = 'orders.placed'`

const journalChecks: Check[] = [
  {
    says: 'The positions of a lane are not 1 to its head',
    text: `WITH given AS (SELECT module, lane, count(*) AS n, count(DISTINCT position) AS places, min(position) AS low, max(position) AS high
        FROM (${journals}) AS j WHERE position IS NOT NULL GROUP BY module, lane)
      SELECT module || ' lane ' || lane AS what FROM given FULL JOIN (${lanes}) AS l USING (module, lane)
      WHERE (n, places, low, high) IS DISTINCT FROM (head, head, 1::bigint, head)`,
  },
  {
    // An order's version counts what happened to it, of which not everything is told. Refusals are no history of a key: what
    // was refused may be asked again under the same key, any number of times.
    says: 'The events of a key do not stand in the order of their versions, or one is missing',
    text: `SELECT module || ' ' || key || ' version ' || version AS what FROM (SELECT *,
        row_number() OVER (PARTITION BY module, key ORDER BY position) AS number, min(lane) OVER (PARTITION BY module, key) AS first_lane,
        lag(version, 1, 0::bigint) OVER (PARTITION BY module, key ORDER BY position) AS before
        FROM (${journals}) AS j WHERE position IS NOT NULL AND NOT fact ? 'refused') AS numbered
      WHERE version <= before OR lane <> first_lane OR (module = 'payments' AND number <> version)`,
  },
  {
    says: 'An event was announced twice',
    text: `SELECT id AS what FROM (${journals}) AS j GROUP BY id HAVING count(*) > 1`,
  },
  {
    says: 'A cursor is ahead of what was announced',
    text: `SELECT c.module || ' of ' || c.source || ' lane ' || c.lane AS what FROM (${cursors}) AS c
      LEFT JOIN (${lanes}) AS l ON l.module = c.source AND l.lane = c.lane WHERE c.position > coalesce(l.head, 0)`,
  },
  {
    says: 'An event has no position yet',
    text: `SELECT module || ' ' || id AS what FROM (${journals}) AS j WHERE position IS NULL`,
    settled: true,
  },
  {
    says: 'A listener is behind',
    text: `SELECT g.listener || ' of ' || g.source || ' lane ' || l.lane || ': ' || coalesce(c.position, 0) || ' of ' || l.head AS what
      FROM (VALUES ${listening}) AS g (listener, source) JOIN (${lanes}) AS l ON l.module = g.source
      LEFT JOIN (${cursors}) AS c ON c.module = g.listener AND c.source = g.source AND c.lane = l.lane
      WHERE coalesce(c.position, 0) < l.head`,
    settled: true,
  },
  {
    says: 'An event is parked',
    text: `SELECT module || ' of ' || source || ' ' || (event->>'id') || ': ' || reason AS what FROM (${ofAll('parked', 'source, event, reason')}) AS p`,
    settled: true,
  },
  {
    says: 'A saga is not at its end',
    text: `SELECT id || ' ' || operation || ' is ' || state AS what FROM (${ofAll('sagas', 'id, operation, state')}) AS s
      WHERE state IN ('running', 'undoing', 'parked')`,
    settled: true,
  },
  {
    says: 'A job is not done',
    text: `SELECT id || ' ' || name || ' is ' || state AS what FROM (${ofAll('jobs', 'id, name, state')}) AS j WHERE state <> 'done'`,
    settled: true,
  },
]

/** Effect and version are written with the event: an aggregate of version n has announced n events. */
const aggregateChecks: Check[] = [
  {
    says: 'A payment is not of the version that it announced last, or an order is behind it',
    text: `WITH last AS (SELECT key, max(version) AS version FROM (${journals}) AS j WHERE name LIKE 'orders.%' OR name LIKE 'payments.%' GROUP BY key)
      SELECT own.id AS what FROM (SELECT id, version, true AS exact FROM payments.payments UNION ALL SELECT id, version, false FROM orders.orders) AS own
      LEFT JOIN last ON last.key = own.id WHERE own.version < coalesce(last.version, 0) OR (exact AND own.version <> coalesce(last.version, 0))`,
  },
  {
    says: 'An order was not announced as it is',
    text: `SELECT coalesce(id, order_id) AS what FROM orders.orders FULL JOIN (${placed}) AS event ON order_id = id
      WHERE (orders.gross_minor, orders.currency, left(ordered_at, 10)) IS DISTINCT FROM (event.gross_minor, event.currency, day)`,
  },
  {
    says: 'A capture or a refund was not announced once each',
    text: `WITH done AS (SELECT payment_id AS key, 'payments.' || kind || 'd' AS name, count(*) AS n FROM payments.attempts
        WHERE kind IN ('capture', 'refund') AND status = 'succeeded' GROUP BY payment_id, kind),
      told AS (SELECT key, replace(name, 'refunded', 'refundd') AS name, count(*) AS n FROM payments.journal
        WHERE name IN ('payments.captured', 'payments.refunded') GROUP BY key, name)
      SELECT key || ' ' || name AS what FROM done FULL JOIN told USING (key, name) WHERE done.n IS DISTINCT FROM told.n`,
  },
  {
    says: 'A paid or a cancelled order was not announced once',
    text: `SELECT o.id || ' is ' || o.state AS what FROM orders.orders o WHERE o.state IN ('paid', 'cancelled')
        AND (SELECT count(*) FROM orders.journal j WHERE j.key = o.id AND j.name = 'orders.' || o.state) <> 1`,
  },
]

const effectChecks: Check[] = [
  {
    says: 'The sales by day are not the sums of the orders sold',
    text: `WITH sold AS (SELECT day, currency, count(*) FILTER (WHERE NOT is_cancelled) AS n,
          coalesce(sum(gross_minor) FILTER (WHERE NOT is_cancelled), 0) AS gross,
          coalesce(sum(refunded_minor) FILTER (WHERE NOT is_cancelled), 0) AS refunded
        FROM reporting.sold_orders GROUP BY day, currency)
      SELECT day || ' ' || currency AS what FROM reporting.sales_by_day d FULL JOIN sold USING (day, currency)
      WHERE (d.orders, d.gross_minor::numeric, d.refunded_minor::numeric) IS DISTINCT FROM (n, gross, refunded)`,
  },
  {
    says: 'The sales by product are not the sums of the lines sold',
    text: `WITH sold AS (SELECT o.day, o.currency, l.sku, count(*) AS n, sum(l.units) AS units, sum(l."grossMinor") AS gross FROM reporting.sold_orders o,
          jsonb_to_recordset(o.lines) AS l (sku text, units bigint, "grossMinor" bigint) WHERE NOT o.is_cancelled GROUP BY o.day, o.currency, l.sku)
      SELECT day || ' ' || currency || ' ' || sku AS what FROM reporting.sales_by_product p FULL JOIN sold USING (day, currency, sku)
      WHERE (coalesce(p.orders, 0), coalesce(p.units, 0)::numeric, coalesce(p.gross_minor, 0)::numeric)
        IS DISTINCT FROM (coalesce(n, 0), coalesce(sold.units, 0), coalesce(gross, 0))`,
  },
  {
    says: 'The sales by country are not the sums of the orders sold',
    text: `WITH sold AS (SELECT day, currency, country, count(*) AS n, sum(gross_minor) AS gross FROM reporting.sold_orders
        WHERE NOT is_cancelled GROUP BY day, currency, country)
      SELECT day || ' ' || currency || ' ' || country AS what FROM reporting.sales_by_country c FULL JOIN sold USING (day, currency, country)
      WHERE (coalesce(c.orders, 0), coalesce(c.gross_minor, 0)::numeric) IS DISTINCT FROM (coalesce(n, 0), coalesce(gross, 0))`,
  },
  {
    says: 'Reporting counts an order that was not announced so',
    text: `SELECT order_id AS what FROM reporting.sold_orders s LEFT JOIN (${placed}) AS event USING (order_id)
      WHERE (s.day, s.currency, s.gross_minor) IS DISTINCT FROM (event.day, event.currency, event.gross_minor)`,
  },
  {
    says: 'Reporting lacks an order that was announced',
    text: `SELECT order_id AS what FROM (${placed}) AS event WHERE NOT EXISTS (SELECT FROM reporting.sold_orders s WHERE s.order_id = event.order_id)`,
    settled: true,
  },
  {
    says: 'Audit holds a record of what was not announced so',
    text: `SELECT 'number ' || r.number AS what FROM audit.records r LEFT JOIN (${journals}) AS j ON j.id = r.event_id
      WHERE (j.module, j.name, j.fact->>'operation', j.fact->>'requestId', j.fact->>'inputHash') IS DISTINCT FROM
        (r.source, r.source || '.audited', r.operation, r.request_id, r.input_hash)`,
  },
  {
    says: 'Audit lacks a record of an event',
    text: `SELECT module || ' ' || id AS what FROM (${journals}) AS j WHERE name = module || '.audited'
      AND NOT EXISTS (SELECT FROM audit.records r WHERE r.event_id = j.id)`,
    settled: true,
  },
  {
    says: 'The chain of audit is broken',
    text: `SELECT 'at number ' || number AS what FROM (SELECT number, previous_hash, row_number() OVER (ORDER BY number) AS place,
        lag(hash, 1, repeat('0', 64)) OVER (ORDER BY number) AS before FROM audit.records) AS r
      WHERE number <> place OR previous_hash <> before
      UNION ALL SELECT 'at its head ' || c.number FROM audit.chain c
        LEFT JOIN (SELECT * FROM audit.records ORDER BY number DESC LIMIT 1) AS r ON true
      WHERE (c.number, c.hash) IS DISTINCT FROM (r.number, r.hash)`,
  },
]

export const eventChecks: Check[] = [...journalChecks, ...aggregateChecks, ...effectChecks]
