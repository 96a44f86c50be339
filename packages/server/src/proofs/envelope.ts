// Request envelopes (spec/request-envelope.md): a JWS over method, whole target URI, access token and content, in the place of a DPoP
// proof. It travels in the field `Detached-JWS`, or is the content itself; sealed or not, what comes out of it is checked here.

import type { AlgorithmEntry, EnvelopeHeader, EnvelopeSegments } from '@countersign/shared'
import { decodeEnvelopeHeader, splitEnvelope, thumbprintInput } from '@countersign/shared'
import type { Check } from '../check.ts'
import { createContentDigestCheck, createContentReadCheck } from '../content/content-checks.ts'
import type { Exchange } from '../exchange.ts'
import { sha256 } from '../hash.ts'
import { createComparisons, refused } from './envelope-comparisons.ts'
import { EnvelopeState } from './envelope-state.ts'
import { createFreshnessCheck } from './freshness.ts'
import { knownKey } from './known-key.ts'
import type { ProofKind, ProofServices } from './proof-kind.ts'

/** The request envelope. It covers method, target URI with its query, token, nonce, content and its media type. */
export const envelope: ProofKind = {
  kind: 'envelope',
  codes: {
    jwk: 'ERR_ENVELOPE_JWK',
    signature: 'ERR_ENVELOPE_SIGNATURE',
    replayed: 'ERR_ENVELOPE_REPLAYED',
    expired: 'ERR_ENVELOPE_EXPIRED',
    notYetValid: 'ERR_ENVELOPE_NOT_YET_VALID',
  },
  timeParameter: 'created',
  hasKeyOfToken: false,
  forms: [
    { form: 'detached', coveredContent: createContentDigestCheck },
    { form: 'content', readContent: createContentReadCheck },
  ],
  detect({ form, credentials }) {
    if (form === 'detached') return new EnvelopeState('field', credentials?.detached as string)
    return form === 'content' ? new EnvelopeState('content', '') : undefined
  },
  createChecks: (services) => [
    ...shapeChecks(services),
    ...createComparisons(services, createFreshnessCheck(envelope, services)),
  ],
}

const stateOf = ({ proof }: Exchange) => proof as EnvelopeState
const headerOf = (exchange: Exchange) => stateOf(exchange).header as EnvelopeHeader

/** The envelope is one compact JWS. */
export const envelopeFormCheck: Check = {
  id: 'proof.form',
  title: 'The envelope is one compact JWS of bounded size',
  source: 'request-envelope.md, Verification, step 3',
  needs: ['proof.present'],
  run(exchange) {
    const state = stateOf(exchange)
    state.segments = splitEnvelope(state.text, state.carrier)
  },
  show: (exchange) => ({ actual: `${stateOf(exchange).text.length} characters` }),
}

function shapeChecks({ algorithms }: ProofServices): Check[] {
  return [
    envelopeFormCheck,
    {
      id: 'proof.claims',
      title: 'The header of the envelope has every parameter it must have, each of its type',
      source: 'request-envelope.md, Verification, step 4',
      needs: ['proof.form'],
      run(exchange) {
        const state = stateOf(exchange)
        const { header, algorithm } = decodeEnvelopeHeader(state.segments as EnvelopeSegments)
        if (!algorithms.has(algorithm.alg)) throw refused('ERR_ENVELOPE_ALG', 'alg', [...algorithms], algorithm.alg)
        state.header = header
        state.algorithm = algorithm
      },
      show: (exchange) => ({ expected: [...algorithms], actual: stateOf(exchange).algorithm?.alg }),
    },
    {
      id: 'proof.jwk',
      title: 'The kid of the envelope is the thumbprint of its key',
      source: 'request-envelope.md, Verification, step 4',
      needs: ['proof.claims'],
      run(exchange) {
        const state = stateOf(exchange)
        const { jwk, kid } = headerOf(exchange)
        state.jwk = jwk
        state.jkt = sha256(thumbprintInput(jwk))
        if (kid !== state.jkt) throw refused('ERR_ENVELOPE_KID_MISMATCH', 'kid', state.jkt, kid)
        state.key = knownKey(exchange, state.jkt, state.algorithm as AlgorithmEntry)
      },
      show: (exchange) => ({ actual: `the key with the thumbprint ${stateOf(exchange).jkt}` }),
    },
  ]
}
