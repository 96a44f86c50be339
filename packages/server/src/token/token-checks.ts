// The checks of access tokens in their order, for each kind of token. Whatever costs a public-key operation or a question to the issuer
// comes after the proof's own signature: who makes us work must have worked first.

import type { Check } from '../check.ts'
import type { Issuer } from '../issuers/issuer.ts'
import { createIssuerKeys } from '../issuers/issuer-keys.ts'
import type { IssuerConfig } from '../issuers/issuer-options.ts'
import { createStaticKeys } from '../issuers/static-keys.ts'
import {
  audienceCheck,
  bindingCheck,
  certificateCheck,
  claimsCheck,
  clientCheck,
  createTimeCheck,
} from './claim-checks.ts'
import { createDecryptionCheck } from './decryption.ts'
import { createFormCheck } from './form-check.ts'
import { createIntrospector } from './introspection.ts'
import { createIntrospectionCheck, revocationCheck } from './introspection-check.ts'
import { algorithmCheck, createIssuerCheck, critCheck, encryptionCheck, kindCheck, typeCheck } from './jwt-checks.ts'
import { tokenSignatureCheck } from './token-signature-check.ts'
import type { TokenKind } from './token-state.ts'

/** The checks of access tokens. */
export interface TokenChecks {
  /** The first, which finds out what kind of token it is. */
  readonly form: Check
  /** For each kind: what is checked before the signature of the proof is verified, and what after. */
  readonly of: Readonly<Record<TokenKind, { readonly before: readonly Check[]; readonly after: readonly Check[] }>>
  /** What changes about a token that was verified before. */
  readonly again: readonly Check[]
}

/** Creates the checks of the access tokens of some issuers. */
export function createTokenChecks(
  configs: readonly IssuerConfig[],
  services: { readonly toleranceSeconds: number; readonly clock: () => number; readonly signal: AbortSignal },
): TokenChecks {
  const issuers = configs.map((config) => createIssuer(config, services))
  const time = createTimeCheck(services.toleranceSeconds)
  const saying = [claimsCheck, kindCheck, clientCheck, audienceCheck, time, certificateCheck, bindingCheck]
  const jwt = [
    createIssuerCheck(new Map(issuers.map((issuer) => [issuer.config.issuer, issuer]))),
    encryptionCheck,
    typeCheck,
    critCheck,
    algorithmCheck,
    ...saying,
  ]
  const signature = [tokenSignatureCheck, revocationCheck]
  const decryptionKeys = configs.flatMap((config) => config.decryptionKeys)
  const asked = issuers.find(({ introspector }) => introspector !== undefined)

  return {
    form: createFormCheck({ encrypted: decryptionKeys.length > 0, opaque: asked !== undefined }),
    of: {
      jwt: { before: jwt, after: signature },
      jwe: { before: [], after: [createDecryptionCheck(decryptionKeys), ...jwt, ...signature] },
      opaque: {
        before: [],
        after:
          asked?.introspector === undefined ? [] : [createIntrospectionCheck(asked, asked.introspector), ...saying],
      },
    },
    again: [time, certificateCheck, bindingCheck],
  }
}

function createIssuer(
  config: IssuerConfig,
  { clock, signal }: { readonly clock: () => number; readonly signal: AbortSignal },
): Issuer {
  const { staticKeys, introspection } = config
  const keys = staticKeys === undefined ? createIssuerKeys(config, clock, signal) : createStaticKeys(staticKeys)
  const introspector = introspection && createIntrospector(config, introspection, keys, clock, signal)
  return { config, keys, introspector }
}
