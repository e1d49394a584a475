/** What somebody says of himself, signed (Ed25519): `<claims>.<signature>`, both in base64url. */
import { type KeyObject, sign, verify } from 'node:crypto'

const lengthMax = 8_192

export function signClaims(claims: object, privateKey: KeyObject): string {
  const text = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
}

/** What was signed with the other half of this key; undefined where that was not. */
export function claimsIn(token: string, publicKey: KeyObject): unknown {
  if (token.length > lengthMax) return undefined
  const [text = '', signature = ''] = token.split('.')
  if (!verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))) return undefined
  return JSON.parse(Buffer.from(text, 'base64url').toString())
}
