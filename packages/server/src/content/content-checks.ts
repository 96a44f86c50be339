// The content that an envelope is, or that it covers.

import { ENVELOPE_MEDIA_TYPE, isSealed, refusal } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Exchange } from '../exchange.ts'
import { EnvelopeState } from '../proofs/envelope-state.ts'
import type { ContentLimits } from './read-content.ts'
import { contentDigest, contentTooLate, readContent } from './read-content.ts'
import type { Unsealer } from './unseal.ts'

/** Bounds of what is held for an envelope, and how it is opened. */
export interface ContentServices extends ContentLimits {
  readonly unseal: Unsealer
  readonly clock: () => number
}

/** Creates the check that reads an envelope which is the content, and opens it if it is sealed. */
export function createContentReadCheck({ unseal, ...limits }: ContentServices): Check {
  return {
    id: 'content.read',
    title: 'The content is an envelope of bounded size, which can be opened if it is sealed',
    source: 'request-envelope.md, Verification, step 3',
    needs: ['proof.present', 'token.time'],
    async run(exchange) {
      const text = (await readContent(contentOf(exchange), limits)).toString('latin1')
      stateOf(exchange).text = isSealed(text) ? await unseal(text) : text
    },
    show: (exchange) => ({ expected: ENVELOPE_MEDIA_TYPE, actual: `${stateOf(exchange).text.length} characters` }),
  }
}

/** Creates the check that content beside its envelope is what the envelope says. */
export function createContentDigestCheck({ clock, ...limits }: ContentServices): Check {
  return {
    id: 'content.digest',
    title: 'The content is what the envelope was made for',
    source: 'request-envelope.md, Verification, step 8',
    needs: ['proof.payload', 'proof.signature'],
    run: check,
    async peek(exchange) {
      if (exchange.request.content === undefined) return 'The content is not at hand'
      exchange.digest ??= contentDigest(await readContent(contentOf(exchange), limits))
      check(exchange)
      return undefined
    },
    show: () => ({ actual: 'the same SHA-256' }),
  }

  function check(exchange: Exchange): void {
    const { payload } = stateOf(exchange)
    if (clock() - exchange.now > limits.maxContentSeconds) throw contentTooLate()
    // Neither side is secret: both are hashes of what the caller itself sent.
    if (exchange.digest !== (payload?.kind === 'digest' ? payload.digest : ''))
      throw refusal('ERR_ENVELOPE_CONTENT_MISMATCH', 'The content is not that of the request envelope', {
        parameter: 'payload',
      })
  }
}

/**
 * The content of a request.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_NOT_ACCEPTED` where this server cannot see it.
 */
export function contentOf({ request, form }: Exchange): AsyncIterable<Uint8Array> {
  if (request.content !== undefined) return request.content()
  throw refusal('ERR_ENVELOPE_NOT_ACCEPTED', 'The content cannot be verified here', {
    parameter: form === 'content' ? 'Content-Type' : 'Detached-JWS',
  })
}

function stateOf({ proof }: Exchange): EnvelopeState {
  if (proof instanceof EnvelopeState) return proof
  throw new TypeError('The request has no envelope')
}
