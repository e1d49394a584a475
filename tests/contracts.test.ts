/** `hall contracts check`: what has changed of the contracts since a revision, and whom it breaks. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { contractsAt } from '../src/commands/contracts/at-revision.ts'
import { contractsOfThisTree, pathsAndTexts } from '../src/contract-files/promises.ts'
import { breakTree } from './chaos/broken-tree.ts'
import { checkContracts, commit, commitPromises, git } from './contract-trees.ts'

async function emptyFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'markethall-contracts-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Contracts that a release must not change like this, and one that it may. */
const breaks = [
  {
    file: 'src/modules/orders/contract.ts',
    line: 'externalInvoice: text({ max: 50 }).optional(),',
    becomes: 'externalInvoice: text({ max: 10 }).optional(),',
  },
  {
    file: 'src/modules/payments/jobs.ts',
    line: '  valueDay: day.optional(),',
    becomes: '  valueDay: day.optional(),\n  because: text({ max: 100 }),',
  },
  { file: 'src/modules/fulfilment/events.ts', line: '    shippedAt: instant,', becomes: '' },
  {
    file: 'src/modules/pricing/events.ts',
    line: "export const audited = auditedOf('pricing')",
    becomes:
      "import { event } from '#platform/events/event'\nimport { z } from 'zod'\nexport const audited = auditedOf('pricing')\n" +
      "export const changed = event('pricing.changed', { fact: z.strictObject({ id: z.string() }), key: ({ id }) => id, version: () => 1 })",
  },
]

test('a change that breaks somebody fails, and is told with whom it breaks', { timeout: 120_000 }, async () => {
  await using tree = await breakTree(breaks)
  const commitHash = await commitPromises(tree.root)
  const { code, out, err } = await checkContracts(tree.root)
  expect({ code, err }).toEqual({ code: 1, err: [] })
  expect(out).toEqual([
    `Compared with the last commit in common with main (${commitHash.slice(0, 10)}).`,
    '',
    'Breaking (4):',
    '  fulfilment.shipped fact.shippedAt: was required, is absent',
    '    What is announced was not promised. Breaks inventory (listens to fulfilment), orders (listens to fulfilment), audit (listens to fulfilment).',
    '  orders.place input.externalInvoice: was maxLength 50, is maxLength 10',
    '    What was taken is refused. Breaks checkout (calls orders), fulfilment (calls orders).',
    '  payments.capture payload.because: was absent, is required',
    '    What is queued, or sent by the last release, is refused. Breaks orders (sends jobs to payments), payments (works its queue).',
    '  payments.refund payload.because: was absent, is required',
    '    What is queued, or sent by the last release, is refused. Breaks orders (sends jobs to payments), payments (works its queue).',
    '',
    'Compatible (1):',
    '  pricing.changed: was absent, is promised',
  ])

  // What nobody uses any more may be taken back, by name and for a reason.
  const why = 'Nobody uses it any more.'
  const names = ['fulfilment.shipped', 'orders.place', 'payments.capture', 'payments.refund', 'orders.cancel']
  const withdrawnFile = join(tree.root, 'contracts/withdrawn.json')
  await writeFile(withdrawnFile, JSON.stringify(Object.fromEntries(names.map((name) => [name, why]))))
  const meant = await checkContracts(tree.root, '--against', commitHash.slice(0, 12))
  expect({ code: meant.code, err: meant.err }).toEqual({ code: 0, err: [] })
  expect(meant.out.filter((line) => line.endsWith(':'))).toEqual(['Taken back on purpose (4):', 'Compatible (1):'])
  expect(meant.out.filter((line) => line.endsWith(`Why: ${why}`))).toHaveLength(4)
  expect(meant.out.at(-1)).toMatch(/withdrawn\.json names orders\.cancel, of which nothing is taken back any more/)
  await writeFile(withdrawnFile, '{ "orders.place": "" }')
  const wrong = await checkContracts(tree.root)
  expect(wrong.code).toBe(1)
  expect(wrong.err.join('\n')).toMatch(/withdrawn\.json is to be an object of names and reasons/)
})

const wordsOf = (files: Awaited<ReturnType<typeof contractsOfThisTree>>) => files.map(({ module }) => module).toSorted()

test('contracts are read as they were committed, where the branch left main unless told otherwise', async () => {
  await using folder = await emptyFolder()
  const promised = await contractsOfThisTree()
  // A repository may have the hall in a folder of its own.
  const hall = join(folder.path, 'hall')
  await mkdir(hall)
  const inHall = new Map([...pathsAndTexts(promised)].map(([path, text]) => [`hall/${path}`, text]))
  const main = await commit(folder.path, inHall)
  await git(folder.path, 'checkout', '--quiet', '-b', 'a-branch')
  await git(folder.path, 'rm', '--quiet', 'hall/contracts/audit.json')
  const branch = await commit(folder.path, new Map([['hall/contracts/withdrawn.json', '{}']]))
  const read = await contractsAt(hall, undefined)
  expect(read.commit).toBe(main)
  expect(read.label).toMatch(/^the last commit in common with main \([0-9a-f]{10}\)$/)
  expect(wordsOf(read.files)).toEqual(wordsOf(promised))
  expect(read.files.find(({ module }) => module === 'orders')).toEqual(
    promised.find(({ module }) => module === 'orders'),
  )
  expect(wordsOf((await contractsAt(hall, 'HEAD')).files)).not.toContain('audit')
  await git(folder.path, 'branch', '--quiet', '-D', 'main')
  expect((await contractsAt(hall, undefined)).commit).toBe(branch)
})

test('what cannot be compared with is named, with what to do', async () => {
  await using folder = await emptyFolder()
  const at = (revision?: string) => contractsAt(folder.path, revision)
  await expect(at()).rejects.toThrow(
    /^There is nothing to compare with: git says "not a git repository.*Run this in a clone/,
  )
  await commit(folder.path, new Map([['README.md', 'A hall']]))
  await expect(at()).rejects.toThrow(/no contracts\/\*\.json at the last commit in common with main.*--against/)
  for (const revision of ['no-such', '--help', '', 'HEAD:README.md'])
    await expect(at(revision)).rejects.toThrow(`There is no revision ${revision} here.`)
  await commit(folder.path, new Map([['contracts/orders.json', '{ "module": "orders", "operations": [] }']]))
  await expect(at('HEAD')).rejects.toThrow(
    /^contracts\/orders\.json at HEAD \([0-9a-f]{10}\) is not what npm run docs writes: [^]*operations/,
  )
  await commit(folder.path, new Map([['contracts/orders.json', 'no JSON']]))
  await expect(at('HEAD')).rejects.toThrow(/is not what npm run docs writes: .*JSON/)
})
