/** What can be known of the image without an engine to build it: it copies what is there, and runs what it copied. */
import { existsSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '#platform/config'
import { imageOf, matchesOf } from './rules/image.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const { copied, sent, programs, holds } = imageOf(root)

test('the image copies what is there, and what is sent to the builder', () => {
  expect(copied).toContain('src')
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([])
  expect(copied.filter((path) => !sent.includes(path))).toEqual([])
})

test('every program that an image may run is in it', () => {
  const named = [...programs, ...matchesOf(read('compose.yaml'), /'(\S+\.ts)'[\],]/g)]
  expect(named.length).toBeGreaterThan(5)
  const paths = named.map((path) => normalize(path))
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  expect(paths.filter((path) => !holds(path))).toEqual([])
})

test('the image runs as somebody who is not root, with production dependencies only', () => {
  const dockerfile = read('Dockerfile')
  expect(dockerfile).toContain('npm ci --omit=dev')
  expect(dockerfile.indexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('RUN '))
})

test('the settings in compose.yaml are settings of the hall', () => {
  const settings = matchesOf(read('compose.yaml'), /^ {2}([A-Z_]+): \S/gm)
  expect(settings.slice(0, 5)).toEqual([
    'DATABASE_URL',
    'REDIS_URL',
    'HALL_SECRET',
    'PAYMENTS_URL',
    'PAYMENTS_WEBHOOK_SECRET',
  ])
  expect(settings.slice(5)).toEqual(['METRICS_PORT', 'METRICS_HOST'])
  const nonsense = Object.fromEntries(settings.map((name) => [name, 'x']))
  // Each of these refuses nonsense by its name; those that take any text are known by what becomes of it.
  expect(() => readConfig(nonsense)).toThrow(/METRICS_PORT[^]*DATABASE_URL[^]*PAYMENTS_URL/)
  expect(readConfig({ METRICS_HOST: 'x' }).metricsHost).toBe('x')
  expect(readConfig({ PAYMENTS_WEBHOOK_SECRET: 'x' }).paymentsWebhookSecret).toBe('x')
})
