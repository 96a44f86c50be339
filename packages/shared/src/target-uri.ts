// The `uri` of a request envelope: the whole target URI, query included. Up to its query it is compared as an `htu`, by
// the same code.

import { CountersignError, isCountersignError } from './errors.ts'
import { normalizeHtu } from './htu.ts'
import { MAX_URI_LENGTH } from './limits.ts'

/**
 * White space of any script, and what some readers take for a slash, anywhere. The controls are refused as in an `htu`.
 */
const FORBIDDEN = /[\s\\]/

/**
 * Normalises a target URI, or the `uri` parameter of a request envelope, for comparison.
 *
 * Everything before the first question mark is normalised as by {@link normalizeHtu}; the question mark and everything
 * after it stay as they are, so an empty query is not the same as none. Does not check that this server answers for the
 * URI.
 *
 * @param uri - Absolute `http` or `https` URI of at most {@link MAX_URI_LENGTH} characters, before and after
 *   normalisation.
 * @returns Scheme, authority and path in normal form, and the query byte for byte.
 * @throws {CountersignError} `ERR_HTU_INVALID` with parameter `uri`; `reason` is `fragment` for a fragment, even an
 *   empty one, or one of those of {@link normalizeHtu}.
 * @see spec/request-envelope.md, "Target URI"
 * @example
 * normalizeTargetUri('https://RS.example:443/a/../%7Eb?C=%7e') // 'https://rs.example/~b?C=%7e'
 */
export function normalizeTargetUri(uri: string): string {
  const beforeQuery = normalizeUpToQuery(uri)
  if (uri.includes('#')) throw invalid('fragment')
  if (FORBIDDEN.test(uri)) throw invalid('character')
  const query = uri.indexOf('?')
  if (query === -1) return beforeQuery
  const normal = beforeQuery + uri.slice(query)
  if (normal.length > MAX_URI_LENGTH) throw invalid('size')
  return normal
}

function normalizeUpToQuery(uri: string): string {
  try {
    return normalizeHtu(uri)
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw invalid(cause.reason, cause)
  }
}

function invalid(reason: string | undefined, cause?: CountersignError): CountersignError {
  return new CountersignError('ERR_HTU_INVALID', 'The target URI cannot be compared', {
    parameter: 'uri',
    reason,
    cause,
  })
}
