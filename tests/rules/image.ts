/** What a Dockerfile and its .dockerignore make of a folder. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Image = {
  /** The paths that `COPY` takes from the folder, not from an earlier stage. */
  copied: string[]
  /** The paths that are sent to the builder; what is below `copied` and not here is not in the image. */
  sent: string[]
  /** The programs that it names, in its commands and its comments. */
  programs: string[]
  /** Whether a file of the folder is in the image. */
  holds(path: string): boolean
}

export const matchesOf = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found)

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

export function imageOf(folder: string): Image {
  const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8')
  const ignore = readFileSync(join(folder, '.dockerignore'), 'utf8')
  const copied = matchesOf(dockerfile, /^COPY (?!--from)(.+) \S+$/gm).flatMap((paths) => paths.split(' '))
  const sent = matchesOf(ignore, /^!(\S+)$/gm)
  const left = matchesOf(ignore, /^\*\*\/(\S+)$/gm)
  const isLeft = (part: string) =>
    left.some((name) => part === name || (name[0] === '*' && part.endsWith(name.slice(1))))
  return {
    copied,
    sent,
    programs: [...matchesOf(dockerfile, /node (\S+\.ts)/g), ...matchesOf(dockerfile, /"(\S+\.ts)"[\],]/g)],
    holds: (path) =>
      copied.some((each) => isBelow(path, each)) &&
      sent.some((each) => isBelow(path, each)) &&
      !path.split('/').some(isLeft),
  }
}
