// The option `proof`: how calls are proved.

import { checkOptionNames, invalidOption } from '@countersign/shared'

/** How calls are proved: by a DPoP proof, or by a request envelope, which signs the query and the content too. */
export type ProofOption = 'dpop' | 'envelope' | EnvelopeProofOptions

/** How calls are proved by request envelopes (spec/request-envelope.md). */
export interface EnvelopeProofOptions {
  /**
   * `'detached'`: content travels as it is, and the envelope in a field of its own. `'attached'`: the envelope is the content. Default: detached,
   * which gateways, logs and caches understand and which costs no bytes; attached where it is sealed.
   */
  readonly envelope?: 'attached' | 'detached'
  /** Whether envelopes with content are encrypted to the server. Default `false`. */
  readonly seal?: boolean
  /**
   * Whether the server must sign its response, which is verified before the caller sees it. `'stream'`: all but the content is; that is
   * verified while it is read, and its stream fails at its end where it is another. Default `false`.
   */
  readonly verifyResponse?: boolean | 'stream'
}

/** The settings of envelopes. */
export type EnvelopeSettings = Required<EnvelopeProofOptions>

/**
 * Reads the option.
 *
 * @returns `undefined` for DPoP proofs.
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`.
 */
export function readProofOption(option: ProofOption = 'dpop'): EnvelopeSettings | undefined {
  if (option === 'dpop') return undefined
  if (option !== 'envelope' && (typeof option !== 'object' || option === null))
    throw invalidOption('proof', '"dpop", "envelope", or { envelope, seal, verifyResponse }')
  const given: EnvelopeProofOptions = option === 'envelope' ? {} : option
  checkOptionNames(given, ['envelope', 'seal', 'verifyResponse'], 'proof')
  const { seal = false, verifyResponse = false, envelope = seal ? 'attached' : 'detached' } = given
  if (envelope !== 'attached' && envelope !== 'detached')
    throw invalidOption('proof.envelope', '"attached" or "detached"')
  if (typeof seal !== 'boolean') throw invalidOption('proof.seal', 'true or false')
  if (typeof verifyResponse !== 'boolean' && verifyResponse !== 'stream')
    throw invalidOption('proof.verifyResponse', 'true, false or "stream"')
  if (seal && envelope === 'detached')
    throw invalidOption('proof.envelope', '"attached", or absent, where it is sealed')
  return { envelope, seal, verifyResponse }
}
