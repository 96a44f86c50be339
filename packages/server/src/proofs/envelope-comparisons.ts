// What an envelope says of its request, compared with the request (request-envelope.md, Verification, step 5).

import type { CountersignError, EnvelopeHeader, EnvelopeSegments, RefusalCode } from '@countersign/shared'
import { decodeEnvelopePayload, isCountersignError, normalizeTargetUri, refusal } from '@countersign/shared'
import type { Check } from '../check.ts'
import { shownMethod, shownUri } from '../diagnostics.ts'
import type { Exchange } from '../exchange.ts'
import type { EnvelopeState } from './envelope-state.ts'
import type { ProofServices } from './proof-kind.ts'

const stateOf = ({ proof }: Exchange) => proof as EnvelopeState
const headerOf = (exchange: Exchange) => stateOf(exchange).header as EnvelopeHeader

/**
 * Creates the checks that compare an envelope with its request.
 *
 * @param freshness - The check that it is recent.
 */
export function createComparisons({ targets, maxContentSeconds }: ProofServices, freshness: Check): Check[] {
  return [
    {
      id: 'proof.htm',
      title: 'The envelope was made for this method',
      source: 'request-envelope.md, Verification, step 5',
      needs: ['proof.claims'],
      run(exchange) {
        const { htm } = headerOf(exchange)
        const { method } = exchange.request
        if (htm !== method) throw refused('ERR_ENVELOPE_HTM_MISMATCH', 'htm', method, shownMethod(htm))
      },
      show: (exchange) => ({ expected: exchange.request.method, actual: headerOf(exchange).htm }),
    },
    {
      id: 'proof.uri',
      title: 'The envelope was made for this URI, its query included',
      source: 'request-envelope.md, Target URI',
      needs: ['proof.claims', 'request.target'],
      run(exchange) {
        const { uri } = headerOf(exchange)
        const { path, request } = exchange
        const [base, query] = splitAtQuery(normalizedOrNothing(uri))
        if (targets.matches(base, path) && query === splitAtQuery(request.target)[1]) return
        const reason = targets.matches(base, path) ? 'query' : undefined
        throw refused('ERR_ENVELOPE_URI_MISMATCH', 'uri', targets.uriOf(path), shownUri(uri), reason)
      },
      show: (exchange) => ({ expected: targets.uriOf(exchange.path), actual: shownUri(headerOf(exchange).uri) }),
    },
    {
      id: 'proof.cty',
      title: 'The cty of the envelope is the media type of the content',
      source: 'request-envelope.md, Verification, step 5',
      needs: ['proof.claims', 'request.credentials'],
      run: checkMediaType,
      show: ({ credentials, proof }) => ({
        expected: credentials?.content.type ?? 'none',
        actual: (proof as EnvelopeState).header?.cty ?? 'none',
      }),
    },
    freshness,
    {
      id: 'proof.ath',
      title: 'The envelope was made for this access token',
      source: 'request-envelope.md, Verification, step 5',
      needs: ['proof.claims', 'request.credentials'],
      run(exchange) {
        if (headerOf(exchange).ath !== exchange.ath) throw refused('ERR_ENVELOPE_ATH_MISMATCH', 'ath')
      },
    },
    {
      id: 'proof.payload',
      title: 'The payload of the envelope agrees with what the request says of its content',
      source: 'request-envelope.md, Verification, step 5',
      needs: ['proof.form', 'request.credentials'],
      run(exchange) {
        const state = stateOf(exchange)
        state.payload = decodeEnvelopePayload(state.segments as EnvelopeSegments)
        if (state.payload.kind === 'digest') state.graceSeconds = maxContentSeconds
        const { length } = exchange.credentials?.content ?? {}
        if (state.carrier === 'content' || length === undefined) return
        if ((state.payload.kind === 'none') !== /^0*$/.test(length))
          throw refused('ERR_ENVELOPE_CONTENT_MISMATCH', 'payload', `content of ${length} bytes`, state.payload.kind)
      },
    },
  ]
}

/** Attached content has the `cty` in it, and no other type; beside an envelope in a field, both say the same, byte for byte. */
function checkMediaType(exchange: Exchange): void {
  const { carrier, segments, header } = stateOf(exchange)
  if (carrier === 'content') return
  const { cty } = header as EnvelopeHeader
  const { type } = exchange.credentials?.content ?? {}
  if (segments?.payload === '') {
    if (cty !== undefined) throw refused('ERR_ENVELOPE_CTY_MISMATCH', 'cty', 'none', cty)
    return
  }
  // RFC 9635 has no such parameter.
  if (cty === undefined && exchange.form === 'gnap-detached') return
  if (type !== undefined && cty === undefined) throw refused('ERR_ENVELOPE_PARAMETER_MISSING', 'cty', type)
  if (type !== cty) throw refused('ERR_ENVELOPE_CTY_MISMATCH', 'cty', type ?? 'none', cty)
}

/** A URI, and what stands in it from the first question mark on. */
function splitAtQuery(uri: string): readonly [string, string] {
  const start = uri.indexOf('?')
  return start === -1 ? [uri, ''] : [uri.slice(0, start), uri.slice(start)]
}

/** A `uri` that cannot be compared names none of ours. */
function normalizedOrNothing(uri: string): string {
  try {
    return normalizeTargetUri(uri)
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return ''
  }
}

/** The error for an envelope that is refused. */
export function refused(
  code: RefusalCode,
  parameter: string,
  expected?: unknown,
  actual?: unknown,
  reason?: string,
): CountersignError {
  const message = `The request envelope is refused for its ${parameter}`
  return refusal(code, message, { parameter, expected, actual, reason })
}
