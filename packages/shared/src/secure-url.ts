// Which URLs an option may name: https everywhere, http on this machine only.

import { CountersignError } from './errors.ts'

const LOOPBACK_IPV4 = /^127(?:\.[0-9]{1,3}){3}$/

/**
 * Reads an absolute `https` URL, or an `http` one whose host is a loopback address or `localhost`.
 *
 * @param value - The value of an option; it may come from the environment or from plain JavaScript.
 * @param parameter - The option's name, for the error.
 * @returns The parsed URL.
 * @throws {CountersignError} `ERR_OPTION_INVALID` when it is not an absolute http(s) URL or carries credentials or a fragment;
 *   `ERR_URL_INSECURE` for `http` to any other host.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-2 RFC 9449, section 2}
 */
export function secureUrl(value: unknown, parameter: string): URL {
  const url = parse(value)
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw invalid(value, parameter)
  if (url.username !== '' || url.password !== '' || url.href.includes('#')) throw invalid(undefined, parameter)
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
  // `new URL` drops white space and reads backslashes as slashes: what is not plainly a URL is refused before.
  if (value instanceof URL) return value
  if (typeof value !== 'string' || !/^https?:\/\/[^\s\\]+$/i.test(value)) return undefined
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || LOOPBACK_IPV4.test(hostname)
  )
}

function invalid(actual: unknown, parameter: string): CountersignError {
  return new CountersignError(
    'ERR_OPTION_INVALID',
    `"${parameter}" must be an absolute https URL without user information and fragment`,
    { parameter, expected: 'an absolute https URL', actual: typeof actual === 'string' ? actual : undefined },
  )
}
