/** Copies of this source tree whose contracts are changed, and git repositories that remember what was promised before. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { contractsOfThisTree, pathsAndTexts } from '../src/contract-files/promises.ts'
import type { Damage } from './chaos/broken-tree.ts'
import { startProgram } from './processes/program.ts'

const execute = promisify(execFile)
const somebody = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com']

/** Runs git in a folder, as somebody. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute('git', [...somebody, ...args], { cwd: folder })
  return stdout.trim()
}

/** Commits files to the folder's repository, which is made if there is none. Answers the commit's hash. */
export async function commit(folder: string, files: ReadonlyMap<string, string>): Promise<string> {
  await git(folder, 'init', '--quiet', '--initial-branch=main')
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await git(folder, 'add', '--', ...files.keys())
  await git(folder, 'commit', '--quiet', '--message', 'As it was promised')
  return git(folder, 'rev-parse', 'HEAD')
}

/** Commits what this tree promises to a copy of it. */
export const commitPromises = async (tree: string): Promise<string> =>
  commit(tree, pathsAndTexts(await contractsOfThisTree()))

/** Runs `hall contracts check` of a copy, with what it has loaded. */
export async function checkContracts(tree: string, ...args: string[]) {
  const program = startProgram(join(tree, 'src/hall.ts'), ['contracts', 'check', ...args], {})
  const { code } = await program.ended
  return { code, out: program.out, err: program.err }
}

/** A later release, in which contracts have grown: inputs, answers, facts and jobs have fields more, and facts and answers use them. */
export const additions: readonly Damage[] = [
  {
    file: 'src/modules/orders/contract.ts',
    line: '      unstockedSkus: z',
    becomes: '      giftNote: text({ max: 200 }).optional(),\n      unstockedSkus: z',
  },
  {
    file: 'src/modules/orders/contract.ts',
    line: "output: z.strictObject({ orderId: id('ord'), orderNumber: z.int(), orderToken: id('tok') }),",
    becomes:
      "output: z.strictObject({ orderId: id('ord'), orderNumber: z.int(), orderToken: id('tok'), isGift: z.boolean().optional() }),",
  },
  {
    file: 'src/modules/orders/events.ts',
    line: '  lineCount: integer(1, 1000),',
    becomes: '  lineCount: integer(1, 1000),\n  channel: z.string().optional(),',
  },
  {
    file: 'src/modules/orders/events.ts',
    line: '        stocked: z.boolean(),',
    becomes: '        stocked: z.boolean(),\n        isGift: z.boolean().optional(),',
  },
  {
    file: 'src/modules/orders/place-order.ts',
    line: '  version: 1,',
    becomes: "  version: 1,\n  channel: 'web',",
  },
  {
    file: 'src/modules/orders/place-order.ts',
    line: '    stocked: !unstocked.has(sku),',
    becomes: '    stocked: !unstocked.has(sku),\n    isGift: false,',
  },
  {
    file: 'src/modules/orders/place-order.ts',
    line: 'return { orderId, orderNumber: placed.number, orderToken: placed.token }',
    becomes: 'return { orderId, orderNumber: placed.number, orderToken: placed.token, isGift: false }',
  },
  {
    file: 'src/modules/payments/jobs.ts',
    line: '  valueDay: day.optional(),',
    becomes: '  valueDay: day.optional(),\n  because: text({ max: 100 }).optional(),',
  },
  {
    file: 'src/modules/payments/events.ts',
    line: '  amountMinor,\n  currency,\n})',
    becomes: '  amountMinor,\n  currency,\n  provider: z.string().optional(),\n})',
  },
  {
    file: 'src/modules/payments/book-outcomes.ts',
    line: 'ctx.announce(events[kind], told)',
    becomes: "ctx.announce(events[kind], { ...told, provider: 'sandbox' })",
  },
  {
    file: 'src/modules/fulfilment/events.ts',
    line: '    shippedAt: instant,',
    becomes: '    shippedAt: instant,\n    parcels: integer(1, 99).optional(),',
  },
  {
    file: 'src/modules/fulfilment/ship.ts',
    line: '    shippedAt: row.shippedAt!,',
    becomes: '    shippedAt: row.shippedAt!,\n    parcels: 1,',
  },
]
