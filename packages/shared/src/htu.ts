// The `htu` of a DPoP proof compared as RFC 9449 section 4.3 asks: without query and fragment, after the syntax-based and
// scheme-based normalisation of RFC 3986 sections 6.2.2 and 6.2.3. Both sides of a comparison go through this one function.
// `new URL()` alone will not do: it reads backslashes as slashes, drops tabs, and leaves percent-encodings as they are.

import { CountersignError } from './errors.ts'
import { MAX_HOST_LENGTH, MAX_URI_LENGTH } from './limits.ts'

/** A URI that may already be normal, up to its query: lower-case, no port, no percent-encoding, a host that is no address. */
const PLAIN = /^https?:\/\/(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*\/[A-Za-z0-9\-_~!$&'()*+,;=:@/.]*(?=[?#]|$)/
/** What makes a plain-looking URI not plain: perhaps a dot segment, perhaps an A-label. */
const NOT_PLAIN = /\/\.|xn--/

/** Everything that no URI or IRI may hold: controls, space, DEL to NBSP, line and paragraph separators. */
const FORBIDDEN = /[\0-\x20\x7f-\xa0\u2028\u2029\ufeff]/
const GENERIC = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]@%]+)(?::([0-9]*))?$/
const ASCII_HOST = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$/
const PERCENT_ENCODED = /%([0-9A-Fa-f]{2})?/g
const UNRESERVED = /[A-Za-z0-9\-._~]/
/** Characters of a path that RFC 3986 does not allow literally, though platforms send some of them so. */
const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' }

/**
 * Normalises a target URI, or the `htu` claim of a proof, for comparison.
 *
 * Scheme and host in lower case, an internationalised host as A-labels, no default port, dot segments removed, unreserved characters
 * decoded, percent-encodings in upper case, an empty path as `/`. The case of the path, its trailing slash and its empty segments
 * count. Does not check that this server answers for the URI.
 *
 * @param uri - Absolute `http` or `https` URI of at most {@link MAX_URI_LENGTH} characters, before and after normalisation.
 * @returns Scheme, authority and path; without query and fragment.
 * @throws {CountersignError} `ERR_HTU_INVALID`; `reason` is one of `size`, `character`, `relative`, `scheme`, `userinfo`, `host`,
 *   `port`, `encoding`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3 RFC 9449, section 4.3}
 * @example
 * normalizeHtu('https://RS.example:443/a/../%7Eb?c#d') // 'https://rs.example/~b'
 */
export function normalizeHtu(uri: string): string {
  if (uri.length > MAX_URI_LENGTH) throw invalid('size')
  if (FORBIDDEN.test(uri) || !uri.isWellFormed()) throw invalid('character')
  const plain = PLAIN.exec(uri)?.[0]
  if (plain !== undefined && !NOT_PLAIN.test(plain)) return plain
  const parts = GENERIC.exec(uri)
  if (parts === null) throw invalid('relative')
  const [, scheme, authority, path] = parts as unknown as [string, string, string, string]
  // Some parsers read a backslash as a slash. Behind a question mark it is harmless, and browsers send it as it is.
  if (authority.includes('\\') || path.includes('\\')) throw invalid('character')
  const normalScheme = scheme.toLowerCase()
  if (normalScheme !== 'http' && normalScheme !== 'https') throw invalid('scheme')
  const normal = `${normalScheme}://${normalizeAuthority(authority, normalScheme)}${normalizePath(path)}`
  // Percent-encoding makes a path longer: what one end returns, the other must be able to read.
  if (normal.length > MAX_URI_LENGTH) throw invalid('size')
  return normal
}

function normalizeAuthority(authority: string, scheme: string): string {
  if (authority.includes('@')) throw invalid('userinfo')
  const parts = AUTHORITY.exec(authority)
  if (parts === null) throw invalid('host')
  const [, host, digits = ''] = parts as unknown as [string, string, string | undefined]
  const port = digits.replace(/^0+(?=[0-9])/, '')
  if (Number(port) > 65_535) throw invalid('port')
  const normalHost = normalizeHost(host)
  return port === '' || port === DEFAULT_PORT[scheme] ? normalHost : `${normalHost}:${port}`
}

function normalizeHost(host: string): string {
  // Not the lower-case form: the Kelvin sign becomes a plain `k` there, past IDNA.
  const plain = ASCII_HOST.test(host)
  const lower = host.toLowerCase()
  if (plain && IPV4.test(lower)) return lower
  if (plain && !ENDS_IN_NUMBER.test(lower) && !lower.includes('xn--')) return lower
  // IPv6 in its one short form, and IDNA: the platform's own URL parser knows both. It also turns odd spellings of IPv4 addresses
  // (hexadecimal, octal, fewer parts, full-width digits) into addresses; those are refused.
  const parsed = parseHost(host)
  if (parsed === undefined || (!parsed.startsWith('[') && (!ASCII_HOST.test(parsed) || ENDS_IN_NUMBER.test(parsed)))) {
    throw invalid('host')
  }
  return parsed
}

function parseHost(host: string): string | undefined {
  // Punycode takes time that grows with the square of a label's length, and this runs before any signature is checked.
  if (host.length > MAX_HOST_LENGTH) return undefined
  try {
    const { hostname } = new URL(`https://${host}/`)
    return hostname.length > MAX_HOST_LENGTH ? undefined : hostname
  } catch {
    return undefined
  }
}

function normalizePath(path: string): string {
  if (path === '') return '/'
  const decoded = path
    .replace(PERCENT_ENCODED, (triplet, hex: string | undefined) => {
      if (hex === undefined) throw invalid('encoding')
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return UNRESERVED.test(character) ? character : triplet.toUpperCase()
    })
    .replace(NOT_IN_PATH, percentEncode)
  return removeDotSegments(decoded)
}

/** `encodeURIComponent` leaves none of the characters that reach it as they are. */
function percentEncode(character: string): string {
  return encodeURIComponent(character)
}

/** RFC 3986 section 5.2.4, for a path that begins with a slash. */
function removeDotSegments(path: string): string {
  if (!path.includes('/.')) return path
  const output: string[] = []
  const segments = path.split('/').slice(1)
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1
    if (segment === '..') output.pop()
    if (segment !== '.' && segment !== '..') output.push(segment)
    else if (last) output.push('')
  })
  return `/${output.join('/')}`
}

function invalid(reason: string): CountersignError {
  return new CountersignError('ERR_HTU_INVALID', 'The URI cannot be compared', { parameter: 'htu', reason })
}
