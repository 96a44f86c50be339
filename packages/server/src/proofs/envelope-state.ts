// What the checks of one request envelope have found.

import type { AlgorithmEntry, EnvelopeHeader, EnvelopePayload, EnvelopeSegments, PublicJwk } from '@countersign/shared'
import { decodeBase64url } from '@countersign/shared'
import type { ProofKey } from '../token-cache.ts'
import type { ProofState } from './proof-kind.ts'

/** What the checks of one envelope have found. */
export class EnvelopeState implements ProofState {
  readonly kind = 'envelope'
  readonly carrier: EnvelopeSegments['carrier']
  /** The compact JWS; of content, once it was read. */
  text: string
  segments: EnvelopeSegments | undefined = undefined
  header: EnvelopeHeader | undefined = undefined
  payload: EnvelopePayload | undefined = undefined
  key: ProofKey | undefined = undefined
  algorithm: AlgorithmEntry | undefined = undefined
  jwk: PublicJwk | undefined = undefined
  jkt = ''
  acceptableUntil = 0
  graceSeconds = 0

  constructor(carrier: EnvelopeSegments['carrier'], text: string) {
    this.carrier = carrier
    this.text = text
  }

  /** The header of an envelope is another each time: nothing is remembered by it. */
  readonly headerSegment = undefined

  get signingInput(): string {
    return (this.segments as EnvelopeSegments).signingInput
  }

  signature(): Uint8Array {
    return decodeBase64url((this.segments as EnvelopeSegments).signature)
  }

  get jti(): string {
    return this.header?.jti ?? ''
  }

  get nonce(): string | undefined {
    return this.header?.nonce
  }

  get madeAt(): number {
    return this.header?.created ?? 0
  }
}
