/** What pricing asks its tables. */
import { statement } from '#platform/data/database'
import { eq, sql } from 'drizzle-orm'
import { taxRates } from './schema.ts'

const rate = { country: taxRates.country, basisPoints: taxRates.basisPoints }

/** Not kept in memory: two processes could disagree, and the question is cheap. */
export const taxRateOfCountry = statement('pricing_tax_rate_of_country', (db) =>
  db
    .select({ basisPoints: taxRates.basisPoints })
    .from(taxRates)
    .where(eq(taxRates.country, sql.placeholder('country'))),
)

export const allTaxRates = statement('pricing_all_tax_rates', (db) =>
  db
    .select(rate)
    .from(taxRates)
    .orderBy(sql`${taxRates.country} collate "C"`),
)

export const upsertTaxRate = statement('pricing_upsert_tax_rate', (db) =>
  db
    .insert(taxRates)
    .values({ country: sql.placeholder('country'), basisPoints: sql.placeholder('basisPoints'), version: 1 })
    .onConflictDoUpdate({
      target: taxRates.country,
      set: { basisPoints: sql`excluded.basis_points`, version: sql`${taxRates.version} + 1` },
    })
    .returning(rate),
)
