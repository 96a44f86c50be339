// Which URLs an option may name: https everywhere, http on this machine only.

import { CountersignError } from './errors.ts'

/** What is plainly a URL: an authority without user information follows two slashes; no white space, control or backslash. */
const PLAINLY_HTTP = /^https?:\/\/(?!\/|[^/?#]*@)[^\s\\\0-\x20\x7f]+$/i
const LOOPBACK_IPV4 = /^127(?:\.[0-9]{1,3}){3}$/
const LOOPBACK_NAME = /^(?:[^.]+\.)*localhost$/

/**
 * Reads an absolute `https` URL, or an `http` one whose host is a loopback address or `localhost`.
 *
 * @param value - The value of an option; it may come from the environment or from plain JavaScript.
 * @param parameter - The option's name, for the error.
 * @returns The parsed URL, a new object that no later change of `value` reaches.
 * @throws {CountersignError} `ERR_OPTION_INVALID` when it is not an absolute http(s) URL or carries credentials or a fragment;
 *   `ERR_URL_INSECURE` for `http` to any other host.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-2 RFC 9449, section 2}
 */
export function secureUrl(value: unknown, parameter: string): URL {
  const url = parse(value)
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw invalid(parameter)
  if (url.username !== '' || url.password !== '' || url.href.includes('#')) throw invalid(parameter)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new CountersignError(
      'ERR_URL_INSECURE',
      `"${parameter}" must be an https URL; http is allowed for loopback hosts only`,
      {
        parameter,
        expected: 'https',
        actual: url.origin,
      },
    )
  }
  return url
}

function parse(value: unknown): URL | undefined {
  // `new URL` drops white space, controls and surplus slashes, and reads backslashes as slashes: such a text is refused before.
  if (value instanceof URL) return new URL(value)
  if (typeof value !== 'string' || !PLAINLY_HTTP.test(value)) return undefined
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK_NAME.test(hostname) || hostname === '[::1]' || LOOPBACK_IPV4.test(hostname)
}

/** The value stays out of the error: it may hold a password, or be a credential that was put into the wrong option. */
function invalid(parameter: string): CountersignError {
  return new CountersignError(
    'ERR_OPTION_INVALID',
    `"${parameter}" must be an absolute https URL without user information and fragment`,
    { parameter, expected: 'an absolute https URL' },
  )
}
