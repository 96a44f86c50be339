// DPoP proofs: the checks of RFC 9449 section 4.3 that need no cryptography, in the order of their cost.
// The proof is attacker-controlled throughout; each member is read once, by the strict decoders of @countersign/shared.

import type {
  AlgorithmEntry,
  CompactJws,
  CountersignError,
  DPoPProofClaims,
  JsonMembers,
  PublicJwk,
  RefusalCode,
} from '@countersign/shared'
import {
  checkDPoPProofCrit,
  checkDPoPProofTyp,
  decodeDPoPProofClaims,
  decodeDPoPProofSignature,
  isCountersignError,
  normalizeHtu,
  parseDPoPProofHeader,
  readDPoPProofAlgorithm,
  readDPoPProofJwk,
  refusal,
  splitDPoPProof,
  thumbprintInput,
} from '@countersign/shared'
import type { Check } from '../check.ts'
import { shownMethod, shownUri } from '../diagnostics.ts'
import type { Exchange } from '../exchange.ts'
import { sha256 } from '../hash.ts'
import type { ProofKey } from '../token-cache.ts'
import { createFreshnessCheck } from './freshness.ts'
import { knownKey } from './known-key.ts'
import type { ProofKind, ProofServices, ProofState } from './proof-kind.ts'

/** What the checks of one DPoP proof have found. */
class DPoPState implements ProofState {
  readonly kind = 'dpop'
  jws: CompactJws = { header: '', payload: '', signature: '', signingInput: '' }
  header: JsonMembers = () => undefined
  key: ProofKey | undefined = undefined
  algorithm: AlgorithmEntry | undefined = undefined
  jwk: PublicJwk | undefined = undefined
  jkt = ''
  claims: DPoPProofClaims | undefined = undefined
  acceptableUntil = 0
  readonly graceSeconds = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  get headerSegment(): string {
    return this.jws.header
  }

  get signingInput(): string {
    return this.jws.signingInput
  }

  signature(): Uint8Array {
    return decodeDPoPProofSignature(this.jws.signature)
  }

  get jti(): string {
    return this.claims?.jti ?? ''
  }

  get nonce(): string | undefined {
    return this.claims?.nonce
  }

  get madeAt(): number {
    return this.claims?.iat ?? 0
  }
}

/** The DPoP proof of RFC 9449. It covers the method, the URI without its query, the token, and the server's nonce. */
export const dpop: ProofKind = {
  kind: 'dpop',
  codes: {
    jwk: 'ERR_DPOP_PROOF_JWK',
    signature: 'ERR_DPOP_PROOF_SIGNATURE',
    replayed: 'ERR_DPOP_PROOF_REPLAYED',
    expired: 'ERR_DPOP_PROOF_EXPIRED',
    notYetValid: 'ERR_DPOP_PROOF_NOT_YET_VALID',
  },
  timeParameter: 'iat',
  hasKeyOfToken: false,
  forms: [{ form: 'dpop' }],
  detect: ({ form, credentials }) => (form === 'dpop' ? new DPoPState(credentials?.proof as string) : undefined),
  createChecks: (services) => [...formChecks, ...headerChecks(services), ...claimChecks(services)],
}

const stateOf = ({ proof }: Exchange) => proof as DPoPState
const claimsOf = (exchange: Exchange) => stateOf(exchange).claims as DPoPProofClaims

const formChecks: readonly Check[] = [
  {
    id: 'proof.form',
    title: 'The DPoP proof is one compact JWS of bounded size',
    source: 'RFC 9449, section 4.3, check 2',
    needs: ['proof.present'],
    run(exchange) {
      const state = stateOf(exchange)
      state.jws = splitDPoPProof(state.text)
    },
    show: (exchange) => ({ actual: `${stateOf(exchange).text.length} characters` }),
  },
]

/** The header of the proof that came with this token before needs no second look: the same text was found good. */
function isKnown(exchange: Exchange): boolean {
  return stateOf(exchange).key !== undefined
}

function headerChecks({ algorithms }: ProofServices): Check[] {
  return [
    {
      id: 'proof.header',
      title: 'The header of the proof is strict JSON',
      source: 'RFC 9449, section 4.3, check 2',
      needs: ['proof.form'],
      run(exchange) {
        const state = stateOf(exchange)
        const known = exchange.cached?.proofKey
        if (known !== undefined && known.headerSegment === state.jws.header) {
          state.key = known
          state.jkt = known.jkt
          state.algorithm = known.algorithm
        } else {
          state.header = parseDPoPProofHeader(state.jws.header)
        }
      },
    },
    {
      id: 'proof.typ',
      title: 'The typ of the proof is dpop+jwt',
      source: 'RFC 9449, section 4.3, check 4',
      needs: ['proof.header'],
      run(exchange) {
        if (!isKnown(exchange)) checkDPoPProofTyp(stateOf(exchange).header)
      },
    },
    {
      id: 'proof.crit',
      title: 'The proof demands no extension',
      source: 'RFC 7515, section 4.1.11',
      needs: ['proof.header'],
      run(exchange) {
        if (!isKnown(exchange)) checkDPoPProofCrit(stateOf(exchange).header)
      },
    },
    {
      id: 'proof.alg',
      title: 'The alg of the proof is asymmetric, and one that is accepted',
      source: 'RFC 9449, section 4.3, check 5',
      needs: ['proof.header'],
      run(exchange) {
        if (isKnown(exchange)) return
        const state = stateOf(exchange)
        const algorithm = readDPoPProofAlgorithm(state.header)
        if (!algorithms.has(algorithm.alg)) throw refused('ERR_DPOP_PROOF_ALG', 'alg', [...algorithms], algorithm.alg)
        state.algorithm = algorithm
      },
      show: (exchange) => ({ expected: [...algorithms], actual: stateOf(exchange).algorithm?.alg }),
    },
    {
      id: 'proof.jwk',
      title: 'The jwk of the proof is a public key that fits its alg',
      source: 'RFC 9449, section 4.3, check 7',
      needs: ['proof.alg'],
      run(exchange) {
        if (isKnown(exchange)) return
        const state = stateOf(exchange)
        state.jwk = readDPoPProofJwk(state.header, state.algorithm as AlgorithmEntry)
        state.jkt = sha256(thumbprintInput(state.jwk))
        state.key = knownKey(exchange, state.jkt, state.algorithm as AlgorithmEntry)
      },
      show: (exchange) => ({ actual: `the key with the thumbprint ${stateOf(exchange).jkt}` }),
    },
  ]
}

function claimChecks(services: ProofServices): Check[] {
  const { targets } = services
  return [
    {
      id: 'proof.claims',
      title: 'The proof has jti, htm, htu and iat, each of its type',
      source: 'RFC 9449, section 4.3, check 3',
      needs: ['proof.form'],
      run(exchange) {
        const state = stateOf(exchange)
        state.claims = decodeDPoPProofClaims(state.jws.payload)
      },
    },
    {
      id: 'proof.htm',
      title: 'The proof was made for this method',
      source: 'RFC 9449, section 4.3, check 8',
      needs: ['proof.claims'],
      run(exchange) {
        const { htm } = claimsOf(exchange)
        const { method } = exchange.request
        // Methods are case-sensitive (RFC 9110 section 9.1).
        if (htm !== method) {
          throw refused('ERR_DPOP_PROOF_HTM_MISMATCH', 'htm', method, shownMethod(htm))
        }
      },
      show: (exchange) => ({ expected: exchange.request.method, actual: claimsOf(exchange).htm }),
    },
    {
      id: 'proof.htu',
      title: 'The proof was made for this URI',
      source: 'RFC 9449, section 4.3, check 9',
      needs: ['proof.claims', 'request.target'],
      run(exchange) {
        const { htu } = claimsOf(exchange)
        const { path } = exchange
        // Most name it in its normal form, which normalisation leaves as it is.
        if (targets.matches(htu, path) || targets.matches(normalizedOrNothing(htu), path)) return
        throw refused('ERR_DPOP_PROOF_HTU_MISMATCH', 'htu', targets.uriOf(path), shownUri(htu))
      },
      show: (exchange) => ({ expected: targets.uriOf(exchange.path), actual: shownUri(claimsOf(exchange).htu) }),
    },
    createFreshnessCheck(dpop, services),
    {
      id: 'proof.ath',
      title: 'The proof was made for this access token',
      source: 'RFC 9449, section 4.3, check 12',
      needs: ['proof.claims', 'request.credentials'],
      run(exchange) {
        const { ath } = claimsOf(exchange)
        if (ath === undefined) throw refused('ERR_DPOP_PROOF_CLAIM_MISSING', 'ath')
        // Neither side is secret: both are hashes of what the caller itself sent.
        if (ath !== exchange.ath) throw refused('ERR_DPOP_PROOF_ATH_MISMATCH', 'ath')
      },
    },
  ]
}

/** An `htu` that cannot be compared names no URI of ours. */
function normalizedOrNothing(htu: string): string {
  try {
    return normalizeHtu(htu)
  } catch (error) {
    if (!isCountersignError(error, 'ERR_HTU_INVALID')) throw error
    return ''
  }
}

function refused(
  code: `ERR_DPOP_${string}` & RefusalCode,
  parameter: string,
  expected?: unknown,
  actual?: unknown,
): CountersignError {
  return refusal(code, `The DPoP proof is refused for its ${parameter}`, { parameter, expected, actual })
}
