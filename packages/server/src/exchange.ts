// What is found out about one request while it is checked. Each check reads what earlier ones have found, and adds to it; nothing in
// here is to be believed before all have passed.

import type { AcceptedEnvelope } from './content/accepted-envelope.ts'
import type { Credentials, RawHeaders } from './credentials.ts'
import type { CompiledPolicy } from './policy.ts'
import type { ProofState } from './proofs/proof-kind.ts'
import type { TokenState, VerifiedToken } from './token/token-state.ts'
import type { CachedToken } from './token-cache.ts'

/** What is verified of a request. */
export interface VerifiableRequest {
  /** The method, exactly as received. */
  readonly method: string
  /** The request target exactly as received, before any rewriting: the second word of the request line. */
  readonly target: string
  /** The header fields as received, names and values in turn: Node's `rawHeaders`. */
  readonly rawHeaders: RawHeaders
  /**
   * The certificate that the client presented in the TLS handshake, in DER: its own, or the one that a trusted proxy passes on. Absent,
   * tokens that are bound to a certificate are refused. Called only for such a token.
   */
  readonly clientCertificate?: () => Uint8Array | undefined
  /**
   * The content as received, once the transfer coding is removed, chunk by chunk. Absent, request envelopes are refused. Called at most
   * once, and only for an envelope.
   */
  readonly content?: () => AsyncIterable<Uint8Array>
}

/** How a request proves itself, if it does: by the rows of request-envelope.md, Verification, step 2. */
export type RequestForm = 'bearer' | 'dpop' | 'detached' | 'content' | 'gnap-detached' | 'gnap-content'

/** What was found out of a request before: for whoever asks more than one policy about it, since its proof is good once. */
export interface RequestMemory {
  /** @internal What the proof and the token say. */
  proved?: Exchange | Promise<Exchange>
  /** @internal The content beside an envelope. */
  content?: Promise<Buffer>
  /** @internal That the content is right, and the proof was not used before. */
  claimed?: 'at once' | Promise<void>
  /** @internal That evidence of it was handed out. */
  isKept?: boolean
}

/** A request on its way. */
export class Exchange {
  /** The normalised path of the request. */
  path = ''
  credentials: Credentials | undefined = undefined
  /** SHA-256 of the access token. */
  ath = ''
  /** What is remembered of the access token, if it was verified before. */
  cached: CachedToken | undefined = undefined
  /** `undefined` while nothing is known, and for a request without proof. */
  form: RequestForm | undefined = undefined
  proof: ProofState | undefined = undefined
  /** SHA-256 of the content, empty for none; `undefined` while that is not known. */
  digest: string | undefined = undefined
  token: TokenState | undefined = undefined
  /** The access token, once everything about it holds: now, or when it came before. Whoever sent it may not be its owner. */
  verified: VerifiedToken | undefined = undefined
  /** The envelope, once everything but the policy holds: the response may then be signed. */
  envelope: AcceptedEnvelope | undefined = undefined

  readonly request: VerifiableRequest
  readonly policy: CompiledPolicy
  /** The current time in seconds since the epoch. */
  readonly now: number

  constructor(request: VerifiableRequest, policy: CompiledPolicy, now: number) {
    this.request = request
    this.policy = policy
    this.now = now
  }

  /** The same exchange under another policy. */
  under(policy: CompiledPolicy): Exchange {
    return Object.assign(new Exchange(this.request, policy, this.now), { ...this, policy })
  }
}
