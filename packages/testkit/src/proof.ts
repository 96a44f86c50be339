// DPoP proofs as another implementation makes them. Whatever is given in `header` or `claims` replaces or, if undefined, removes a
// member: a test starts from a valid proof and changes one thing.

import { createHash, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { TestKey } from './key.ts'

/** What a proof is made of. */
export interface ProofParts {
  readonly key: TestKey
  readonly method: string
  readonly url: string
  readonly accessToken?: string
  readonly nonce?: string | undefined
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Makes a DPoP proof. */
export async function createProof({
  key,
  method,
  url,
  accessToken,
  nonce,
  header,
  claims,
}: ProofParts): Promise<string> {
  const ath = accessToken === undefined ? undefined : createHash('sha256').update(accessToken).digest('base64url')
  const payload = {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath,
    nonce,
    ...claims,
  }
  const protectedHeader = { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header }
  return new SignJWT(payload).setProtectedHeader(protectedHeader).sign(key.privateKey)
}
