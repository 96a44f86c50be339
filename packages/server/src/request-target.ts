// The URI of a request as a proof must name it: our configured origins, and the path of the request target. Neither `Host` nor
// `X-Forwarded-*` takes part, so whoever controls them cannot move a proof.

import type { CountersignError } from '@countersign/shared'
import { isCountersignError, limits, normalizeHtu, refusal } from '@countersign/shared'

/** Resolves request targets against the origins under which this server is reached. */
export interface RequestTargets {
  /**
   * The normalised path of a request target.
   *
   * @param target - The request target as it was received, before any rewriting: `/path?query`, or an absolute `http(s)` URI whose
   *   origin is one of ours.
   * @throws {CountersignError} `ERR_REQUEST_TARGET_INVALID` for every other form, and for characters no URI has.
   */
  pathOf(target: string): string
  /** Tells whether a normalised `htu` is one of our origins followed by a path. */
  matches(htu: string, path: string): boolean
  /** The normalised URI that a proof is expected to name. */
  uriOf(path: string): string
}

/** Absolute form with a path. Without one, routers read what follows the authority differently. */
const ABSOLUTE = /^https?:\/\/[^/?#]+\//i
/** A path that is its own normal form unless it has a dot segment, with its query: what nearly every request has. */
const PLAIN = /^(\/[A-Za-z0-9\-_~!$&'()*+,;=:@/.]*)(?:\?[\x21\x22\x24-\x7e]*)?$/
/** A dot segment, encoded or not. Clients remove them; a router that does not would run another route than the one the proof names. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i
/** What arrives on the wire is printable ASCII. Node hands raw bytes over as Latin-1, which would be encoded a second time. */
const PRINTABLE = /^[\x21-\x7e]*$/

/**
 * @param origins - Normalised origins, the main one first.
 * @param basePath - The prefix that a proxy strips, put back in front of every path.
 */
export function createRequestTargets(origins: readonly string[], basePath: string): RequestTargets {
  const main = origins[0] as string
  const prefix = main + basePath
  return {
    pathOf(target) {
      const plain = PLAIN.exec(target)?.[1]
      if (plain !== undefined && !plain.includes('/.') && prefix.length + target.length <= limits.MAX_URI_LENGTH)
        return basePath + plain
      if (target.includes('#') || !PRINTABLE.test(target)) throw invalid('character')
      if (DOT_SEGMENT.test(target.split('?', 1)[0] as string)) throw invalid('dot_segment')
      const path = ABSOLUTE.test(target) ? pathOfAbsolute(target) : target
      if (!path.startsWith('/')) throw invalid('form')
      return normalize(prefix + path).slice(main.length)
    },
    matches: (htu, path) =>
      origins.some((origin) => isUri(htu, origin, path)) ||
      // Whether the prefix's root was called with its slash or without, the proxy that strips the prefix has hidden.
      (path === `${basePath}/` && origins.some((origin) => isUri(htu, origin, basePath || '/'))),
    uriOf: (path) => main + path,
  }

  function pathOfAbsolute(target: string): string {
    const uri = normalize(target)
    const origin = origins.find((each) => uri.startsWith(`${each}/`))
    if (origin === undefined) throw invalid('origin')
    return uri.slice(origin.length)
  }
}

function isUri(htu: string, origin: string, path: string): boolean {
  return htu.length === origin.length + path.length && htu === origin + path
}

function normalize(uri: string): string {
  try {
    return normalizeHtu(uri)
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw invalid(cause.reason ?? 'form', cause)
  }
}

function invalid(reason: string, cause?: unknown): CountersignError {
  return refusal('ERR_REQUEST_TARGET_INVALID', 'The request target cannot be compared with a proof', {
    parameter: 'request target',
    reason,
    expected: `a path, or a URI of one of the configured origins, of at most ${limits.MAX_URI_LENGTH} characters`,
    cause,
  })
}
