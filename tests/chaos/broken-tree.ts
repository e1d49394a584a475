/** A copy of this source tree with a line broken on purpose: what a checker is worth is seen where something is wrong. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
/** What a hall's processes need. */
const parts = ['src', 'workers', 'drizzle', 'package.json', 'tests/chaos/moving-clock.ts']

/** One line of a file, and what it is made. */
export type Damage = { file: string; line: string; becomes: string }

/** Throws where a line is not there exactly once: then the code has changed, and the damage must follow it. */
export async function breakTree(damages: readonly Damage[]): Promise<{ root: string } & AsyncDisposable> {
  const copy = await mkdtemp(join(tmpdir(), 'markethall-broken-'))
  const remove = () => rm(copy, { recursive: true, force: true })
  try {
    for (const part of parts) await cp(join(root, part), join(copy, part), { recursive: true })
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
    for (const damage of damages) await breakLine(copy, damage)
    return { root: copy, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function breakLine(tree: string, { file, line, becomes }: Damage): Promise<void> {
  const source = await readFile(join(tree, file), 'utf8')
  const times = source.split(line).length - 1
  if (times !== 1) throw new Error(`${file} has the line to break ${times} times, not once: ${line}`)
  await writeFile(
    join(tree, file),
    source.replace(line, () => becomes),
  )
}
