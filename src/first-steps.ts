/** What somebody can do with a hall that is open, as lines to copy into another terminal. */
import { join, resolve } from 'node:path'

/** Where a hall is that was given neither PORT nor DATA_DIR: its commands find it there by themselves. */
const usual = { url: 'http://127.0.0.1:4000', dataDir: resolve('.hall') }

/** Look, buy, report. `url` and `dataDir` are where the hall is, where that is not the usual. */
export function firstSteps({ url = usual.url, dataDir = usual.dataDir }: { url?: string; dataDir?: string } = {}) {
  const at = url === usual.url ? '' : ` --url ${url}`
  const key = dataDir === usual.dataDir ? '' : `HALL_KEY="$(cat '${join(dataDir, 'owner.key')}')" `
  return {
    look: `npm run -s hall -- look candle${at}`,
    buy: `npm run -s hall -- buy CANDLE-BEESWAX-SHORT:2${at}`,
    report: `${key}npm run -s hall -- report${at}`,
  }
}
