// Envelopes of requests, as the built packages make and open them. This is the seam: what stands here is measured, and nothing else has to
// change when there is more.

/** One form of the envelope, on one side, for bodies of one size. */
export interface EnvelopeContender {
  /** Such as `detached, client`. */
  readonly name: string
  /** Whether the whole body is a single piece, or comes as a stream. */
  readonly body: 'whole' | 'stream'
  /** Makes or verifies one envelope of a body of so many bytes, and is done when the body has gone through. */
  readonly prepare: (bytes: number) => Promise<(index: number) => unknown>
}

/** Those that there are. */
export const envelopeContenders: readonly EnvelopeContender[] = []
