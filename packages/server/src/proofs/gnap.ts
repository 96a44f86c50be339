// Plain key proofs of RFC 9635, sections 7.3.3 and 7.3.4, where they are accepted (request-envelope.md, Differences from RFC 9635): as an
// envelope, but by the key that the access token holds, and with neither `jti` nor nonce.

import type { AlgorithmEntry, CountersignError, EnvelopeSegments, PublicJwk } from '@countersign/shared'
import {
  algorithmOf,
  decodeEnvelopeHeader,
  isCountersignError,
  readPublicJwk,
  refusal,
  thumbprintInput,
} from '@countersign/shared'
import type { Check } from '../check.ts'
import { createContentDigestCheck, createContentReadCheck } from '../content/content-checks.ts'
import type { Exchange } from '../exchange.ts'
import { sha256 } from '../hash.ts'
import type { TokenState, VerifiedToken } from '../token/token-state.ts'
import { envelope, envelopeFormCheck } from './envelope.ts'
import { createComparisons, refused } from './envelope-comparisons.ts'
import { EnvelopeState } from './envelope-state.ts'
import { createFreshnessCheck } from './freshness.ts'
import { knownKey } from './known-key.ts'
import type { ProofKind, ProofServices } from './proof-kind.ts'

/** The key proof of RFC 9635. It covers what an envelope does. */
export const gnap: ProofKind = {
  kind: 'gnap',
  codes: envelope.codes,
  timeParameter: envelope.timeParameter,
  hasKeyOfToken: true,
  forms: [
    { form: 'gnap-detached', tokenFirst: true, coveredContent: createContentDigestCheck },
    { form: 'gnap-content', readContent: createContentReadCheck },
  ],
  detect({ form, credentials }) {
    if (form === 'gnap-detached') return new EnvelopeState('field', credentials?.detached as string)
    return form === 'gnap-content' ? new EnvelopeState('content', '') : undefined
  },
  createChecks: (services) => [
    envelopeFormCheck,
    keyCheck(services),
    headerCheck,
    ...createComparisons(services, freshness(services)),
  ],
}

const stateOf = ({ proof }: Exchange) => proof as EnvelopeState
const tokenOf = ({ token }: Exchange) => (token as TokenState).token as VerifiedToken

function keyCheck({ algorithms }: ProofServices): Check {
  return {
    id: 'proof.jwk',
    title: 'The access token holds the key that it is bound to, with its algorithm and its name',
    source: 'RFC 9635, section 7.3',
    needs: ['token.claims'],
    run(exchange) {
      const { confirmationKey, jkt } = tokenOf(exchange)
      const { algorithm, jwk } = readKey(confirmationKey)
      if (!algorithms.has(algorithm.alg)) throw refused('ERR_ENVELOPE_ALG', 'alg', [...algorithms], algorithm.alg)
      const state = stateOf(exchange)
      Object.assign(state, { algorithm, jwk, jkt: sha256(thumbprintInput(jwk)) })
      if (jkt !== undefined && jkt !== state.jkt) throw unsupported()
      state.key = knownKey(exchange, state.jkt, algorithm)
    },
    show: (exchange) => ({ actual: `the key with the thumbprint ${stateOf(exchange).jkt}` }),
  }
}

function readKey(key: VerifiedToken['confirmationKey']): { algorithm: AlgorithmEntry; jwk: PublicJwk } {
  const algorithm = algorithmOf(key?.['alg'])
  if (algorithm === undefined || typeof key?.['kid'] !== 'string') throw unsupported()
  try {
    return { algorithm, jwk: readPublicJwk(key, algorithm) }
  } catch (error) {
    if (!isCountersignError(error)) throw error
    throw unsupported()
  }
}

const headerCheck: Check = {
  id: 'proof.claims',
  title: 'The header of the key proof has every parameter it must have, and is by the key of the token',
  source: 'RFC 9635, section 7.3.3',
  needs: ['proof.form', 'proof.jwk'],
  run(exchange) {
    const state = stateOf(exchange)
    const segments = state.segments as EnvelopeSegments
    const { header, algorithm } = decodeEnvelopeHeader(segments, { profile: 'gnap' })
    const { confirmationKey } = tokenOf(exchange)
    if (algorithm !== state.algorithm) throw refused('ERR_ENVELOPE_ALG', 'alg', state.algorithm?.alg, algorithm.alg)
    if (header.kid !== confirmationKey?.['kid'])
      throw refused('ERR_ENVELOPE_KID_MISMATCH', 'kid', confirmationKey?.['kid'], header.kid)
    const cty = state.carrier === 'content' ? { cty: 'application/json' } : {}
    state.header = { jti: sha256(segments.signingInput), ...cty, ...header, jwk: state.jwk as PublicJwk }
  },
  show: (exchange) => ({ actual: stateOf(exchange).algorithm?.alg }),
}

/** Without a nonce, `created` decides, whether or not other proofs need one. */
function freshness(services: ProofServices): Check {
  const byTime = createFreshnessCheck(gnap, { ...services, nonces: undefined })
  if (services.nonces === undefined) return byTime
  const byNonce = createFreshnessCheck(gnap, services)
  return {
    ...byNonce,
    run: (exchange) => (stateOf(exchange).nonce === undefined ? byTime : byNonce).run(exchange),
    show: () => ({}),
  }
}

function unsupported(): CountersignError {
  return refusal('ERR_TOKEN_BINDING_UNSUPPORTED', 'The access token holds no key for a key proof of RFC 9635', {
    parameter: 'cnf.jwk',
    expected: 'a public key with alg and kid',
  })
}
