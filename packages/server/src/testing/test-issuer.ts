// An issuer of tests: it has a key and issues tokens, and nothing of it is on any network.

import { randomUUID } from 'node:crypto'
import type { JwsAlgorithm } from '@countersign/shared'
import type { IssuerOptions } from '../issuers/issuer-options.ts'
import type { TestKey } from './test-key.ts'
import { createTestKey, signTestJwt } from './test-key.ts'

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /** The resource identifier that tokens are issued for: `resource` of the plugin. */
  readonly resource: string
  /** Default `https://issuer.example`. */
  readonly issuer?: string
  /** Algorithm of its key. Default ES256. */
  readonly algorithm?: JwsAlgorithm
  /** The time in seconds since the epoch. Default: the system clock. */
  readonly clock?: () => number
}

/** What a token says, and is signed with. */
export interface TestTokenParts {
  /** Claims, in the place of or beside the usual ones; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Header parameters, likewise. */
  readonly header?: Readonly<Record<string, unknown>>
  /** The key that signs. Default: the issuer's own. */
  readonly key?: TestKey
  /** Thumbprint of the key the token is bound to. Default: none, a bearer token. */
  readonly jkt?: string
}

/** An issuer in memory. */
export interface TestIssuer {
  /** The option `issuer` of the plugin: with the keys in it, so that nothing is fetched. */
  readonly options: IssuerOptions & { readonly jwks: { readonly keys: readonly object[] } }
  readonly issuer: string
  readonly resource: string
  /** Issues an access token: subject `user-1` and client `client-1`, valid for five minutes, unless told otherwise. */
  token(parts?: TestTokenParts): string
}

/** Creates an issuer. */
export function createTestIssuer(options: TestIssuerOptions): TestIssuer {
  const { resource, issuer = 'https://issuer.example', algorithm, clock = () => Date.now() / 1000 } = options
  const key = createTestKey(algorithm)
  const kid = key.jkt
  return {
    options: { issuer, jwks: { keys: [{ ...key.jwk, kid, alg: key.algorithm.alg, use: 'sig' }] } },
    issuer,
    resource,
    token({ claims, header, key: signer = key, jkt } = {}) {
      const now = Math.floor(clock())
      return signTestJwt(
        signer,
        { typ: 'at+jwt', alg: signer.algorithm.alg, kid, ...header },
        {
          iss: issuer,
          sub: 'user-1',
          aud: resource,
          client_id: 'client-1',
          iat: now,
          exp: now + 300,
          jti: randomUUID(),
          ...(jkt !== undefined && { cnf: { jkt } }),
          ...claims,
        },
      )
    },
  }
}
