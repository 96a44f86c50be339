// Request envelopes and signed answers as another implementation makes and reads them: with jose alone. Whatever is given in `header`
// replaces or, if undefined, removes a parameter: a test starts from a valid envelope and changes one thing.

import { createHash, randomUUID } from 'node:crypto'
import type { JWK } from 'jose'
import { CompactEncrypt, CompactSign, compactVerify, importJWK } from 'jose'
import type { TestKey } from './key.ts'

/** What an envelope is made of. */
export interface EnvelopeParts {
  readonly key: TestKey
  readonly form: 'attached' | 'detached'
  readonly method: string
  readonly uri: string
  readonly accessToken: string
  readonly nonce?: string | undefined
  readonly content?: Uint8Array | undefined
  readonly contentType?: string | undefined
  readonly header?: Readonly<Record<string, unknown>>
}

/** SHA-256 in base64url. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('base64url')
}

/** Makes an envelope: a compact JWS. */
export async function createEnvelope(parts: EnvelopeParts): Promise<string> {
  const { key, form, method, uri, accessToken, nonce, content = new Uint8Array(), contentType, header } = parts
  const hasContent = content.length > 0
  const payload = form === 'attached' || !hasContent ? content : createHash('sha256').update(content).digest()
  const { kty, crv, x, y, n, e } = key.jwk
  const parameters = {
    typ: form === 'attached' ? 'gnap-binding-jws' : 'gnap-binding-jwsd',
    alg: key.alg,
    kid: key.jkt,
    jwk: { kty, crv, x, y, n, e },
    htm: method,
    uri,
    created: Math.floor(Date.now() / 1000),
    ath: sha256(accessToken),
    jti: randomUUID(),
    nonce,
    cty: hasContent ? contentType : undefined,
    ...header,
  }
  // What jose would not sign otherwise.
  const crit = Object.fromEntries([header?.['crit'] ?? []].flat().map((name) => [String(name), true]))
  return new CompactSign(payload).setProtectedHeader(parameters as { alg: string }).sign(key.privateKey, { crit })
}

/** Seals an envelope to a published key of a server. */
export async function sealEnvelope(
  envelope: string | Uint8Array,
  recipient: JWK,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { alg, kid } = recipient
  const parameters = { alg, enc: 'A256GCM', cty: 'jose', kid, ...header } as { alg: string; enc: string }
  const plaintext = typeof envelope === 'string' ? new TextEncoder().encode(envelope) : envelope
  return new CompactEncrypt(plaintext).setProtectedHeader(parameters).encrypt(await importJWK(recipient, alg))
}

/** Verifies the signature of an answer by the key it names, and returns its header. */
export async function openAnswer(answer: string, keys: readonly JWK[]): Promise<Readonly<Record<string, unknown>>> {
  const { protectedHeader, payload } = await compactVerify(answer, ({ kid }) => {
    const key = keys.find((each) => each.kid === kid)
    if (key === undefined) throw new Error('The answer is by an unknown key')
    return importJWK(key)
  })
  if (payload.length > 0) throw new Error('The answer has a payload')
  return protectedHeader
}
