import { expect, test } from 'vitest'
import { createPasswordHashing } from './password-hash.ts'

const hashing = createPasswordHashing({ secret: 'a secret' })
const ann = { email: 'ann@example.com', password: 'correct horse battery' }

test('a password matches its own hash and no other', async () => {
  const known = await hashing.hash(ann)
  expect(known).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(known).not.toContain(ann.password)
  expect(await hashing.matches(ann.password, known)).toBe(true)
  for (const wrong of ['correct horse batterY', `${ann.password} `, ann.password.slice(1), ''])
    expect(await hashing.matches(wrong, known)).toBe(false)
})

test('two people with one password have two hashes, and so has one person in two halls', async () => {
  const known = await hashing.hash(ann)
  expect(await hashing.hash(ann)).toBe(known)
  expect(await hashing.hash({ ...ann, email: 'bob@example.com' })).not.toBe(known)
  expect(await createPasswordHashing({ secret: 'another' }).hash(ann)).not.toBe(known)
})

test('a hash of another tool is understood', async () => {
  // The reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32
  const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  expect(await hashing.matches('password', known)).toBe(true)
  expect(await hashing.matches('passwort', known)).toBe(false)
})

test('a hash of lower cost still matches, and is known to be weak', async () => {
  const cheap = createPasswordHashing({ secret: 'a secret', cost: { memory: 8, passes: 1, parallelism: 1 } })
  const known = await cheap.hash(ann)
  expect(await hashing.matches(ann.password, known)).toBe(true)
  expect([hashing.isWeak(known), cheap.isWeak(known)]).toEqual([true, false])
  expect(hashing.isWeak(await hashing.hash(ann))).toBe(false)
})
