/** API keys: how they look, how they are made, and what of them is kept. The hall itself only ever stores the hash. */
import { createHash, randomBytes } from 'node:crypto'

/** What every API key begins with, and no access token does. */
export const apiKeyPrefix = 'mh_'
const secretBytes = 24

/** Makes an API key: `mh_` and 24 random bytes in base64url, 35 characters in all. */
export const createApiKey = (): string => apiKeyPrefix + randomBytes(secretBytes).toString('base64url')

/** The SHA-256 of a key, as 64 hex digits. Of 192 random bits a fast hash is enough: there is nothing to guess. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex')

/** Whether a text has the form of an API key, so that nobody has to be asked about one that has not. */
export const looksLikeApiKey = (text: string): boolean => /^mh_[A-Za-z0-9_-]{32}$/.test(text)
