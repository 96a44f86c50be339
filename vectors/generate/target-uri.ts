// Comparison of whole target URIs: spec/request-envelope.md, "Target URI". Up to the query it is that of htu.json, of
// which a few cases stand here again; from the first question mark on, nothing is normalised.

import { MAX_URI_LENGTH, uriRows } from './uri-rows.ts'
import type { VectorFile } from './vector.ts'

const notes = {
  character: 'A character that no target URI may hold.',
  fragment: 'Fragments, which are refused.',
  path: 'Before the query: as in htu.json.',
  query: 'The query, which is compared byte for byte.',
  relative: 'Not an absolute URI.',
  scheme: 'Another scheme than http and https.',
  size: 'Length at the limit and beyond it.',
  userinfo: 'User information, which is refused.',
}
type Flag = keyof typeof notes

const { pairs, invalid } = uriRows<Flag>('target-uri', '9635#section-7.3.3')

const A = 'https://rs.example/a'
const Q = `${A}?x=1`

const equal = [
  ...pairs('equal', ['path'], '3986#section-6.2.2', [
    ['same', 'The same URI twice', Q, Q],
    ['scheme-and-host-case', 'Scheme and host in capitals', 'HTTPS://RS.EXAMPLE/a?x=1', Q],
    ['default-port', 'The default port', 'https://rs.example:443/a?x=1', Q],
    ['empty-port', 'An empty port', 'https://rs.example:/a?x=1', Q],
    ['no-path', 'No path before a query', 'https://rs.example?x=1', 'https://rs.example/?x=1'],
    ['dot-segments', 'Dot segments', 'https://rs.example/b/./../a?x=1', Q],
    [
      'dot-segment-before-query',
      'Dots directly before the query',
      'https://rs.example/a/..?x=1',
      'https://rs.example/?x=1',
    ],
    ['encoded-letter', 'An encoded letter of the path', 'https://rs.example/%61?x=1', Q],
    ['hexadecimal-case', 'Hexadecimal digits of the path', 'https://rs.example/%2f?x=1', 'https://rs.example/%2F?x=1'],
    ['idna', 'A U-label and its A-label', 'https://b\u00fccher.example/?x=1', 'https://xn--bcher-kva.example/?x=1'],
    ['ipv6', 'Two forms of one IPv6 address', 'https://[0::1]:8443/?x=1', 'https://[::1]:8443/?x=1'],
  ]),
  ...pairs('equal', ['query'], '3986#section-3.4', [
    ['query-empty-twice', 'Two empty queries', 'https://RS.example/a?', `${A}?`],
    ['query-question-marks', 'A query of question marks', 'https://RS.example/a???', `${A}???`],
    ['query-odd', 'A query that means nothing', 'https://RS.example/a?%zz&=&&%', `${A}?%zz&=&&%`],
    [
      'query-like-a-uri',
      'A query with a URI in it',
      'https://RS.example/a?u=http://u@B.example:80/../c',
      `${A}?u=http://u@B.example:80/../c`,
    ],
    ['query-not-ascii', 'A letter that is not ASCII in the query', 'https://RS.example/a?\u00e9', `${A}?\u00e9`],
  ]),
]

const different = [
  ...pairs('different', ['path'], '3986#section-6.2.2', [
    ['scheme', 'http and https', 'http://rs.example/a?x=1', Q],
    ['host', 'Another host', 'https://evil.example/a?x=1', Q],
    ['port', 'Another port', 'https://rs.example:8443/a?x=1', Q],
    ['path-case', 'The path in capitals', 'https://rs.example/A?x=1', Q],
    ['trailing-slash', 'A trailing slash', 'https://rs.example/a/?x=1', Q],
    ['empty-segment', 'An empty segment', 'https://rs.example//a?x=1', Q],
    ['encoded-question-mark', 'An encoded question mark belongs to the path', 'https://rs.example/a%3Fx=1', Q],
  ]),
  ...pairs('different', ['query'], '3986#section-6.2.1', [
    ['query-none', 'A query and none', A, Q],
    ['query-empty', 'An empty query and none', `${A}?`, A],
    ['query-empty-root', 'An empty query and none, without path', 'https://rs.example?', 'https://rs.example'],
    ['query-value', 'Another value', `${A}?x=2`, Q],
    ['query-case', 'Another case', `${A}?X=1`, Q],
    ['query-order', 'Another order', `${A}?x=1&y=2`, `${A}?y=2&x=1`],
    ['query-ampersand', 'An ampersand at the end', `${A}?x=1&`, Q],
    ['query-question-mark', 'A second question mark', `${A}??x=1`, Q],
    ['query-encoded-letter', 'An encoded letter', `${A}?%78=1`, Q],
    ['query-encoded-unreserved', 'An encoded tilde', `${A}?%7E`, `${A}?~`],
    ['query-hexadecimal-case', 'Hexadecimal digits in the other case', `${A}?%2f`, `${A}?%2F`],
    ['query-plus', 'A plus sign and an encoded space', `${A}?a+b`, `${A}?a%20b`],
    ['query-dot-segments', 'Dot segments', `${A}?/b/../c`, `${A}?/c`],
    ['query-not-ascii-encoded', 'A letter that is not ASCII, and its encoding', `${A}?\u00e9`, `${A}?%C3%A9`],
    ['query-decomposed', 'A letter in two forms of Unicode', `${A}?e\u0301`, `${A}?\u00e9`],
  ]),
]

const refused = [
  ...invalid(['fragment'], '9110#section-7.1', [
    ['fragment', 'A fragment', `${Q}#a`],
    ['fragment-empty', 'An empty fragment', `${Q}#`],
    ['fragment-without-query', 'A fragment and no query', `${A}#a`],
    ['fragment-without-path', 'A fragment directly after the host', 'https://rs.example#'],
    ['fragment-before-question-mark', 'A question mark in a fragment', `${A}#?x=1`],
  ]),
  ...invalid(['userinfo'], '9110#section-4.2.4', [
    ['userinfo', 'A user', 'https://u@rs.example/a?x=1'],
    ['userinfo-empty', 'An empty user', 'https://@rs.example/a?x=1'],
  ]),
  ...invalid(['relative'], '3986#section-4.3', [
    ['relative', 'A path', '/a?x=1'],
    ['relative-network-path', 'Two slashes and no scheme', '//rs.example/a?x=1'],
    ['relative-query', 'A query', '?x=1'],
    ['relative-asterisk', 'The asterisk form of a request target', '*'],
    ['relative-empty', 'Nothing', ''],
  ]),
  ...invalid(['scheme'], '9110#section-4.2', [['scheme-other', 'The scheme of WebSocket', 'wss://rs.example/a?x=1']]),
  ...invalid(['character'], '3986#section-2', [
    ['space-in-query', 'A space in the query', `${A}?x= 1`],
    ['line-feed-after', 'A line feed after the query', `${Q}\n`],
    ['tab-in-query', 'A tab in the query', `${A}?x=\t1`],
    ['nul-in-query', 'A NUL in the query', `${A}?x=\0`],
    ['no-break-space-in-query', 'A no-break space in the query', `${A}?x=\u00a0`],
    ['ideographic-space-in-query', 'An ideographic space in the query', `${A}?x=\u3000`],
    ['ideographic-space-in-path', 'An ideographic space in the path', 'https://rs.example/\u3000?x=1'],
    ['backslash-in-path', 'A backslash in the path', 'https://rs.example\\a?x=1'],
    ['backslash-in-query', 'A backslash in the query', `${A}?\\`],
    ['lone-surrogate-in-query', 'Half of a surrogate pair in the query', `${A}?\ud800`],
    ['bad-encoding-in-path', 'A percent sign of the path that encodes nothing', 'https://rs.example/%?x=1'],
  ]),
]

const padded = (start: string, length: number) => start + 'x'.repeat(length - start.length)
const UPPER_Q = 'https://RS.example/a?x=1'
/** A letter that takes nine characters when it is encoded: the URI is eight characters longer afterwards. */
const growing = 'https://rs.example/\u4f8b?x=1'

const sizes = [
  ...pairs('equal', ['size'], '9110#section-4.1', [
    ['longest', 'Two URIs of the longest length', padded(UPPER_Q, MAX_URI_LENGTH), padded(Q, MAX_URI_LENGTH)],
    [
      'longest-encoded',
      'A URI that reaches the longest length when its path is encoded',
      padded(growing, MAX_URI_LENGTH - 8),
      padded('https://rs.example/%E4%BE%8B?x=1', MAX_URI_LENGTH),
    ],
  ]),
  ...invalid(['size'], '9110#section-4.1', [
    ['too-long', 'A URI of one character more', padded(Q, MAX_URI_LENGTH + 1)],
    [
      'too-long-encoded',
      'A URI that exceeds the longest length when its path is encoded',
      padded(growing, MAX_URI_LENGTH - 7),
    ],
  ]),
]

/** `target-uri.json` */
export const targetUriFile: VectorFile = {
  kind: 'target-uri',
  description:
    'Normalise `a` and `b` up to the query, leave the query as it is, and compare the results character by character: `equal` or ' +
    '`different`, whichever way round. A single `uri` cannot be normalised.',
  notes,
  settings: { maxUriLength: MAX_URI_LENGTH },
  vectors: [...equal, ...different, ...refused, ...sizes],
}
