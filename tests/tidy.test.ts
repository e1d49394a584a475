/** What a formatter cannot see and a reviewer should not have to (style.md 16). Each rule must also catch its fixture. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { print, readSources } from './rules/source.ts'
import {
  declaredNames,
  exportStars,
  fileNames,
  longFiles,
  longFunctions,
  looseTodos,
  manyParameters,
  unusedFiles,
} from './rules/tidy.ts'

// Files that may be longer than 300 lines: the lines that each may have, and in a comment why it is not two files.
const longFilesAllowed: Record<string, number> = {}

// Files whose functions may have more than three parameters, and how many.
const manyParametersAllowed: Record<string, number> = {
  // A refusal reads reason, code, sentence (style.md 6); what only some have comes last, as options.
  'src/platform/errors.ts': 4,
  // Express knows an error handler by its four parameters.
  'src/platform/http/public-server.ts': 4,
}

describe('the sources', () => {
  const sources = readSources(join(import.meta.dirname, '..'))

  test('were read', () => expect(sources.length).toBeGreaterThan(0))

  test('have files of at most 300 lines', () => expect(longFiles(sources, longFilesAllowed).map(print)).toEqual([]))

  test('list as exceptions only what exists', () => {
    const listed = Object.keys({ ...longFilesAllowed, ...manyParametersAllowed })
    expect(listed.filter((path) => !sources.some((source) => source.path === path))).toEqual([])
  })

  test('have functions of at most 70 lines', () => expect(longFunctions(sources).map(print)).toEqual([]))

  test('have functions of at most three parameters', () => {
    expect(manyParameters(sources, manyParametersAllowed).map(print)).toEqual([])
  })

  test('have file names in kebab-case that say something', () => expect(fileNames(sources).map(print)).toEqual([]))

  test('declare names that say something', () => expect(declaredNames(sources).map(print)).toEqual([]))

  test('have no TODO without an issue', () => expect(looseTodos(sources).map(print)).toEqual([]))

  test('have no export *', () => expect(exportStars(sources).map(print)).toEqual([]))

  test('have no file that nobody imports', () => expect(unusedFiles(sources).map(print)).toEqual([]))
})

describe('a rule catches its violation', () => {
  const sources = readSources(join(import.meta.dirname, 'fixtures', 'tidy'))

  test('long files', () => {
    expect(longFiles(sources)).toMatchObject([{ path: 'src/long-file.ts', message: 'has 301 lines, of 300' }])
    expect(longFiles(sources, { 'src/long-file.ts': 301 })).toEqual([])
  })

  test('long functions', () => {
    expect(longFunctions(sources)).toMatchObject([
      { path: 'src/long-function.ts', message: 'a function of 71 lines, of 70' },
    ])
  })

  test('many parameters', () => expect(manyParameters(sources)).toMatchObject([{ path: 'src/parameters.ts', line: 2 }]))

  test('file names', () => {
    expect(fileNames(sources).map(({ message }) => message)).toEqual([
      'BadName is not kebab-case',
      'utils says nothing',
      'order-helpers says nothing',
    ])
  })

  test('declared names', () => {
    expect(declaredNames(sources).map(({ message }) => message)).toEqual(['OrderManager says nothing'])
  })

  test('loose notes', () => expect(looseTodos(sources)).toMatchObject([{ path: 'src/notes.ts', line: 1 }]))

  test('export stars', () => expect(exportStars(sources).map(({ line }) => line)).toEqual([7, 8]))

  test('files that nobody but their own test imports', () => {
    expect(unusedFiles(sources)).toMatchObject([{ path: 'src/unused.ts' }])
  })
})
