// Where a redirect leads.

import { CountersignError } from '@countersign/shared'
import type { Call } from './call.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The URL that a response redirects to, if it does and the caller wants it followed.
 *
 * @throws {CountersignError} `ERR_REDIRECT_NOT_FOLLOWED`; `reason` is one of `opaque`, `location`, `scheme`, `userinfo`.
 */
export function redirectTarget(call: Call, response: Response): URL | undefined {
  if (call.redirect !== 'follow') return undefined
  if (response.type === 'opaqueredirect') throw notFollowed('opaque', response)
  const location = response.headers.get('location')
  if (!REDIRECTS.has(response.status) || location === null) return undefined
  let target: URL
  try {
    target = new URL(asUtf8(location), call.url)
  } catch (cause) {
    throw notFollowed('location', response, cause)
  }
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw notFollowed('scheme', response)
  if (target.username !== '' || target.password !== '') throw notFollowed('userinfo', response)
  return target
}

export function notFollowed(reason: string, response: Response, cause?: unknown): CountersignError {
  const message =
    reason === 'opaque'
      ? 'A browser does not show where a redirect leads, so it cannot be signed: call the final URL'
      : 'The redirect cannot be followed'
  return new CountersignError('ERR_REDIRECT_NOT_FOLLOWED', message, { reason, actual: response.status, cause })
}

/** A platform hands field values over as Latin-1; browsers read the bytes of a Location as UTF-8 where they are. */
function asUtf8(value: string): string {
  try {
    const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return value
  }
}
