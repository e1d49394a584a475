import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Every file below a folder of `root`, however deep, by its path below `root`, with forward slashes. Links are not followed, which
 * Node's own recursion does when it does not wait.
 */
export const filesBelow = (root: string, folder?: string): string[] =>
  readdirSync(join(root, folder ?? '.'), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === undefined ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(root, path)
    return entry.isFile() ? [path] : []
  })
