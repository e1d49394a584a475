/** Preloaded into a process: notes every file that it loads, in LOADED_FOLDER, under the process's id. */
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'

const notes = join(process.env['LOADED_FOLDER']!, String(process.pid))

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(notes, `${url}\n`)
    return nextLoad(url, context)
  },
})
