/** What was sold and who did what: told after everything else has happened. */
import type { Lockstep } from '../lockstep.ts'
import { expectRefusals } from './words.ts'

const days = { from: '2025-12-31', to: '2026-01-02', currency: 'GBP' }

export async function askWhatWasDone(halls: Lockstep): Promise<void> {
  await halls.answer('reporting.sales', days)
  await halls.answer('audit.verify', {})
  // What there is to tell bears the database's time, in which halls differ.
  await halls.answer('audit.trace', { about: 'nothing' })
  await halls.settle()
  const sales = await halls.answer('reporting.sales', days)
  const { products } = await halls.answer('reporting.products', { ...days, limit: 2 })
  const { countries } = await halls.answer('reporting.countries', days)
  const { entries, intact } = await halls.answer('audit.verify', {})
  if (sales.orders === 0 || products.length === 0 || countries.length === 0 || entries === 0 || !intact)
    throw new Error('The story has left no trace in reporting or audit.')
  for (const name of ['sales', 'products', 'countries'])
    await expectRefusals(halls, `reporting.${name}`, {
      'reporting.bad_range': { ...days, from: '2026-01-03' },
    })
  await halls.answer('audit.list', { limit: 2, before: 5 })
  for (const refused of [true, false]) {
    const listed = await halls.answer('audit.list', { limit: 100, refused })
    if (listed.entries.length === 0) throw new Error(`The audit knows nothing that was refused: ${refused}.`)
  }
}
