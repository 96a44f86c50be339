// What stands around a proof when it is sent to a running server: the issuer and its access tokens, and the nonces of
// the server.

import { createHash, createHmac } from 'node:crypto'
import { base64url, fromBase64url } from './encoding.ts'
import { otherEd25519, thumbprint } from './keys.ts'
import { sign, verify } from './sign.ts'

const ISSUER = 'https://as.example.com'
const signer = otherEd25519
const kid = thumbprint(signer.publicJwk)

/** The key set of the issuer. */
export const issuerJwks = { keys: [{ ...signer.publicJwk, kid, alg: 'EdDSA', use: 'sig' }] }

/** The secret of the nonces: the octets from 0 to 31. */
export const nonceSecret = base64url(Uint8Array.from({ length: 32 }, (_, index) => index))

/** An access token of RFC 9068 for the origin of a URI, bound to a key. The same claims make the same token. */
export async function makeAccessToken(uri: string, jkt: string): Promise<string> {
  const header = { typ: 'at+jwt', alg: 'EdDSA', kid }
  const claims = {
    iss: ISSUER,
    sub: 'user-1',
    aud: new URL(uri).origin,
    exp: 4_102_444_800,
    iat: 1_700_000_000,
    jti: 'at-0001',
    client_id: 'client-1',
    cnf: { jkt },
  }
  const signingInput = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`
  return `${signingInput}.${base64url(await sign(signer, 'EdDSA', signingInput))}`
}

/** Checks an access token, from nothing but the token and the key set. */
export async function checkAccessToken(accessToken: string): Promise<void> {
  const [header, payload, signature] = accessToken.split('.') as [string, string, string]
  const [key] = issuerJwks.keys
  if (!(await verify({ ...key }, 'EdDSA', `${header}.${payload}`, fromBase64url(signature)))) {
    throw new Error(`The signature of ${accessToken} does not verify`)
  }
}

/**
 * A nonce as Countersign makes it: the second, the id of the secret, and a MAC over both and the resource. To every
 * other server it is just a text.
 */
export function makeNonce(uri: string, nowSeconds: number, secret: string = nonceSecret): string {
  const key = fromBase64url(secret)
  const second = Buffer.alloc(4)
  second.writeUInt32BE(nowSeconds)
  const id = createHash('sha256').update('countersign nonce secret id\0').update(key).digest().subarray(0, 4)
  const mac = createHmac('sha256', key)
    .update(`countersign nonce\0${new URL(uri).origin}\0`)
    .update(Buffer.concat([second, id]))
    .digest()
  return base64url(Buffer.concat([second, id, mac.subarray(0, 16)]))
}
