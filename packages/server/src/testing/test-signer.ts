// Signed calls for tests: the header fields, for whoever sends them.

import { randomUUID } from 'node:crypto'
import type { JwsAlgorithm } from '@countersign/shared'
import { DETACHED_ENVELOPE_TYP } from '@countersign/shared'
import { contentDigest } from '../content/read-content.ts'
import { sha256 } from '../hash.ts'
import type { CallDefect, CallParts } from './defects.ts'
import { spoilt, withDefect } from './defects.ts'
import type { TestIssuer } from './test-issuer.ts'
import { createTestKey, signTestJws, signTestJwt } from './test-key.ts'

/** Options of {@link createTestSigner}. */
export interface TestSignerOptions {
  readonly issuer: TestIssuer
  /** Claims of its access tokens beside the usual ones, such as `scope` and `roles`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Algorithm of its key. Default ES256. */
  readonly algorithm?: JwsAlgorithm
  /** The origin that clients call, where it is not that of the resource. */
  readonly origin?: string
  /** The prefix that a proxy strips: `basePath` of the plugin. */
  readonly basePath?: string
  /** The time in seconds since the epoch. Default: the system clock. */
  readonly clock?: () => number
}

/** What a signature is for. */
export interface SignableCall {
  /** Default GET. */
  readonly method?: string
  /** Path and query. */
  readonly url: string
  /** The most recent nonce of the server. */
  readonly nonce?: string | undefined
  /** Claims of the access token of this call, in the place of or beside the others; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** One thing that is wrong with the call. */
  readonly defect?: CallDefect
  /** A token of your own. */
  readonly accessToken?: string
  /** Content to sign with a request envelope, in the place of a DPoP proof. Default: a DPoP proof. Not together with `defect`. */
  readonly envelope?: SignableContent
}

/** Content as it is sent, beside its envelope. */
export interface SignableContent {
  /** Default: none. */
  readonly content?: string | Uint8Array
  /** The `Content-Type` as it is sent. */
  readonly contentType?: string
}

/** Signs calls with a key of its own. */
export interface TestSigner {
  /** The thumbprint of its key. */
  readonly jkt: string
  /** The header fields of a signed call; without `dpop` for the defect that is its absence, and with `detached-jws` in its place for an envelope. */
  sign(call: SignableCall): { readonly authorization: string; readonly dpop?: string; readonly 'detached-jws'?: string }
}

/** Creates a signer. */
export function createTestSigner(options: TestSignerOptions): TestSigner {
  const { issuer, basePath = '', clock = () => Date.now() / 1000 } = options
  const origin = options.origin ?? new URL(issuer.resource).origin
  const key = createTestKey(options.algorithm)

  return {
    jkt: key.jkt,
    sign(call) {
      const parts = withDefect(partsOf(call), call.defect)
      const accessToken = call.accessToken ?? issuer.token(parts.token)
      if (call.envelope !== undefined)
        return { authorization: `DPoP ${accessToken}`, 'detached-jws': envelopeOf(call, call.envelope, accessToken) }
      const proof = signTestJwt(parts.key, parts.header, { ath: sha256(accessToken), ...parts.claims })
      const dpop = spoilt(proof, call.defect)
      return { authorization: `DPoP ${accessToken}`, ...(dpop !== undefined && { dpop }) }
    },
  }

  function envelopeOf(
    { method = 'GET', url, nonce }: SignableCall,
    signed: SignableContent,
    accessToken: string,
  ): string {
    const digest = contentDigest(Buffer.from(signed.content ?? ''))
    const header = {
      typ: DETACHED_ENVELOPE_TYP,
      ...{ alg: key.algorithm.alg, kid: key.jkt, jwk: key.jwk },
      ...{ htm: method, uri: `${origin}${basePath}${url}`, created: Math.floor(clock()) },
      ...{ ath: sha256(accessToken), jti: randomUUID() },
      ...(nonce !== undefined && { nonce }),
      ...(digest !== '' && signed.contentType !== undefined && { cty: signed.contentType }),
    }
    return signTestJws(key, header, digest)
  }

  function partsOf({ method = 'GET', url, nonce, claims }: SignableCall): CallParts {
    return {
      key,
      token: { jkt: key.jkt, claims: { ...options.claims, ...claims } },
      header: { typ: 'dpop+jwt', alg: key.algorithm.alg, jwk: key.jwk },
      claims: {
        jti: randomUUID(),
        htm: method,
        htu: `${origin}${basePath}${url.split('?', 1)[0]}`,
        iat: Math.floor(clock()),
        ...(nonce !== undefined && { nonce }),
      },
    }
  }
}
