/** What the platform adds to every module for those who operate the hall. */
import { moduleNames } from '../../../src/modules.ts'
import type { Lockstep } from '../lockstep.ts'
import { asGuest, expectRefusal, expectRefusals, service } from './words.ts'

const path = 'reporting.rebuild'

/** Nothing has failed for good, so there is nothing to try again. What the traffic is differs: here it is only refused. */
export async function operateModules(halls: Lockstep): Promise<void> {
  const dead = { id: 'job:job_of_nobody' }
  for (const module of moduleNames) {
    await halls.answer(`${module}.deadList`, {})
    await expectRefusals(halls, `${module}.deadShow`, { 'platform.not_dead': dead, 'platform.invalid_input': {} })
    await expectRefusals(halls, `${module}.deadRetry`, { 'platform.not_dead': dead })
    await expectRefusals(halls, `${module}.deadSkip`, { 'platform.not_dead': { ...dead, because: 'It is not there.' } })
    await expectRefusals(halls, `${module}.rebuildShow`, { 'platform.unknown_rebuild': {} })
    await expectRefusal(halls, 'platform.unauthenticated', { path: `${module}.traffic`, input: {}, ...asGuest })
    await expectRefusal(halls, 'platform.forbidden', { path: `${module}.traffic`, input: {}, actor: service() })
  }
}

/** What is made of events is made again in every hall; all rows are compared after it, those of the rebuilds among them. */
export async function rebuildFigures(halls: Lockstep): Promise<void> {
  await expectRefusal(halls, 'platform.unauthenticated', { path, input: {}, ...asGuest })
  await expectRefusal(halls, 'platform.forbidden', { path, input: {}, actor: service('reporting:read') })
  for (const module of ['audit', 'catalog', 'inventory', 'orders'])
    await expectRefusal(halls, 'platform.not_rebuildable', { path: `${module}.rebuild`, input: {} })
  // How many events are applied depends on how many the listener had applied by then.
  await halls.settle()
  for (const dryRun of [true, false]) {
    const begun = await halls.answer(path, { dryRun }, { key: `a rebuild, dry: ${dryRun}` })
    await halls.answer(path, { dryRun }, { key: `a rebuild, dry: ${dryRun}` })
    await expectRefusal(halls, 'platform.rebuilding', { path, input: { dryRun } })
    await halls.settle()
    const seen = await halls.same(`how the rebuild ${begun.id} ended`, async ({ calls }) => {
      // Since when is database time.
      const { since: _since, ...shown } = await calls.reporting.rebuildShow.query({ id: begun.id })
      return shown
    })
    const { state, applied, differences } = seen
    if (state !== (dryRun ? 'compared' : 'swapped') || applied === 0 || differences.length > 0)
      throw new Error(`The rebuild did not end well: ${JSON.stringify(seen)}`)
  }
}
