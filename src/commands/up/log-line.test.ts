import { expect, test } from 'vitest'
import { createLog } from '#platform/log'
import { readLogLine } from './log-line.ts'

/** What somebody who watches is shown of what a log writes. */
function shown(fields: object, message: string) {
  const lines: string[] = []
  const log = createLog({ level: 'info', name: 'stall', destination: { write: (line) => void lines.push(line) } })
  log.child({ module: 'bread' }).warn(fields, message)
  return readLogLine(lines[0]!)
}

test('a line of a log is when, how bad, what, and about what', () => {
  const line = shown({ path: 'bread.bake', count: 3, tags: ['a'], why: 'out of flour' }, 'nothing was baked')
  expect(line).toEqual({
    time: expect.stringMatching(/^\d\d:\d\d:\d\d$/),
    level: 'warn',
    message: 'nothing was baked',
    about: 'module=bread path=bread.bake count=3 tags=["a"] why="out of flour"',
  })
})

test('of an error it is the message, however long its trace', () => {
  expect(shown({ err: new Error('the oven\nis cold') }, 'no')?.about).toBe('module=bread err="the oven\\nis cold"')
})

test('what is long is cut, and what a terminal would obey is taken out', () => {
  const line = shown({ text: 'x'.repeat(1000) }, 'red\u001B[31m\u0007 line\r\nnext')
  expect(line?.about).toBe(`module=bread text="${'x'.repeat(160)}…"`)
  expect(line?.message).toBe('red [31m  line next')
})

test.each(['Port 4101 is taken.', '{', '{"level":30}', '[]', '{"level":"info"}', 'null', ''])(
  'what is no line of a log is none: %s',
  (line) => expect(readLogLine(line)).toBeUndefined(),
)
