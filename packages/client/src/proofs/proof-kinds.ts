// The kinds of proof this client knows: a DPoP proof by default, a request envelope where a client or a call asks for it. What makes
// envelopes is loaded with the first of them.

import type { Evidence } from '@countersign/shared'
import { invalidOption } from '@countersign/shared'
import type { ServerJwk, ServerKeyParts } from '../envelope/server-keys.ts'
import type { Call } from '../fetch/call.ts'
import type { Signer } from '../keys/signer.ts'
import { once } from '../once.ts'
import { dpopProofs } from './dpop.ts'
import type { BeginProofs, Prover } from './proof-kind.ts'
import type { ProofOption } from './proof-option.ts'
import { readProofOption } from './proof-option.ts'

/** What proofs are made with. */
export interface ProofKindParts extends Omit<ServerKeyParts, 'given'> {
  readonly prover: () => Prover | Promise<Prover>
  readonly signer: () => Signer | Promise<Signer>
  /** The option `proof` of the client. */
  readonly proof: ProofOption | undefined
  readonly serverKeys: unknown
  readonly onEvidence: ((evidence: Evidence) => void | Promise<void>) | undefined
}

/**
 * Creates the function that says how a call is proved.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`; from the function too.
 */
export function createProofKinds(parts: ProofKindParts): (option: ProofOption | undefined) => BeginProofs {
  const given = keysOf(parts.serverKeys)
  const { onEvidence } = parts
  if (onEvidence !== undefined && typeof onEvidence !== 'function') throw invalidOption('onEvidence', 'a function')
  const dpop = dpopProofs(parts.prover)
  const envelopes = once(async () => {
    const [{ createEnvelopes }, { createServerKeys }] = await Promise.all([
      import('../envelope/envelope-proofs.ts'),
      import('../envelope/server-keys.ts'),
    ])
    return createEnvelopes({ signer: await parts.signer(), keys: createServerKeys({ ...parts, given }), onEvidence })
  })
  const ofClient = kindOf(parts.proof)
  return (option) => (option === undefined ? ofClient : kindOf(option))

  function kindOf(option: ProofOption | undefined): BeginProofs {
    const settings = readProofOption(option)
    if (settings === undefined) return dpop
    return async (call: Call) => (await envelopes())(call, settings)
  }
}

function keysOf(value: unknown): readonly ServerJwk[] | undefined {
  if (value === undefined) return undefined
  const keys: unknown = Array.isArray(value) ? value : Object(value).keys
  if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'object' && key !== null))
    return keys.map((key: ServerJwk) => ({ ...key }))
  throw invalidOption('serverKeys', 'public JWKs, or a JWK Set of them')
}
