/** The contracts as they were committed at a revision of this tree's git repository. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import {
  type ContractFile,
  contractsFolder,
  readContractFile,
  withdrawnFile,
} from '../../contract-files/contract-file.ts'
import { CommandError } from '../command-error.ts'

const execute = promisify(execFile)
const bytesMax = 64 * 1024 * 1024

export type CommittedContracts = {
  /** The commit's hash. */
  commit: string
  /** How a person knows the revision. */
  label: string
  files: ContractFile[]
}

/**
 * Reads `contracts/*.json` as it was. Without a revision: as main promised it when this branch left main. Throws a `CommandError` where there
 * is no repository, no such revision, or no contracts in it.
 */
export async function contractsAt(root: string, revision: string | undefined): Promise<CommittedContracts> {
  const git: Git = (...args) => runGit(root, args)
  await git('rev-parse', '--git-dir').catch((error: unknown) => {
    throw new CommandError(`There is nothing to compare with: ${saidBy(error)} Run this in a clone of the repository.`)
  })
  const { commit, name } = revision === undefined ? await branchPoint(git) : await named(git, revision)
  const label = `${name} (${commit.slice(0, 10)})`
  const listed = await git('ls-tree', '-r', '-z', '--name-only', commit, `${contractsFolder}/`)
  const paths = listed.split('\0').filter((path) => /^contracts\/[^/]+\.json$/.test(path) && path !== withdrawnFile)
  if (paths.length === 0)
    throw new CommandError(`There are no contracts/*.json at ${label}. Name a revision that has them with --against.`)
  const files = paths.map(async (path) => readAt(await git('show', `${commit}:./${path}`), `${path} at ${label}`))
  return { commit, label, files: await Promise.all(files) }
}

type Git = (...args: string[]) => Promise<string>

async function runGit(root: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute('git', ['-C', root, ...args], { maxBuffer: bytesMax })
  return stdout
}

/** What git complained of, in a line. */
function saidBy(error: unknown): string {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string }
  if (code === 'ENOENT') return 'git is not installed here.'
  const [first = ''] = stderr.trim().split('\n')
  return `git says "${first.replace(/^fatal: /, '')}".`
}

type Named = { commit: string; name: string }

async function named(git: Git, revision: string): Promise<Named> {
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).catch(() => {
    throw new CommandError(
      `There is no revision ${revision} here. Name a commit, a branch or a tag; a shallow clone gets more with: git fetch --unshallow`,
    )
  })
  return { commit: commit.trim(), name: revision }
}

/** Where this branch left main; on main itself, and where there is none, the newest commit. */
async function branchPoint(git: Git): Promise<Named> {
  for (const main of ['origin/main', 'main']) {
    const common = await git('merge-base', 'HEAD', main).catch(() => undefined)
    if (common !== undefined) return { commit: common.trim(), name: `the last commit in common with ${main}` }
  }
  return named(git, 'HEAD')
}

function readAt(text: string, where: string): ContractFile {
  try {
    return readContractFile(text)
  } catch (error) {
    throw new CommandError(
      `${where} is not what npm run docs writes: ${(error as Error).message} Name another revision with --against.`,
    )
  }
}
