// A call where the platform has no keys of its own: somebody else signs, and all that is left of WebCrypto is SHA-256 and a random UUID.
// The environment is the first argument, as JSON.

import { generateKeyPairSync, randomUUID, sign, webcrypto } from 'node:crypto'

const subtle = { digest: (...parameters) => webcrypto.subtle.digest(...parameters) }
Object.defineProperty(globalThis, 'crypto', { value: { randomUUID, subtle } })
delete globalThis.CryptoKey

const { createClient, refreshToken } = await import('@countersign/client')
const { api, issuer, refreshToken: token } = JSON.parse(process.argv[2])
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = {
  algorithm: 'ES256',
  publicJwk: publicKey.export({ format: 'jwk' }),
  sign: async (data) => new Uint8Array(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
}
const client = createClient({
  resource: api,
  signer,
  token: refreshToken({ clientId: 'partner-7', issuer, refreshToken: token }),
})
const { jkt } = await (await client.fetch('/whoami')).json()
console.log(JSON.stringify({ isOwnKey: jkt === (await client.thumbprint()) }))
client.close()
