// Comparison of target URIs as RFC 9449 section 4.3 asks: without query and fragment, after the syntax-based and scheme-based
// normalisation of RFC 3986 sections 6.2.2 and 6.2.3.

import type { Pair } from './uri-rows.ts'
import { MAX_URI_LENGTH, uriRows } from './uri-rows.ts'
import type { VectorFile } from './vector.ts'

const notes = {
  authority: 'User information, host and port.',
  character: 'A character that no URI may hold.',
  choice: 'RFC 3986 leaves room here; this is what Countersign decided.',
  'dot-segments': 'Dot segments, RFC 3986 sections 5.2.4 and 6.2.2.3.',
  empty: 'An empty path, RFC 3986 section 6.2.3.',
  encoding: 'Percent-encoding, RFC 3986 sections 2 and 6.2.2.',
  idna: 'Internationalised host names.',
  ip: 'IP addresses as hosts.',
  path: 'The path: its case, its slashes, its parameters.',
  port: 'Default, empty and impossible ports.',
  query: 'Query and fragment, which are ignored on both sides.',
  relative: 'Not an absolute URI.',
  scheme: 'The scheme.',
  size: 'Length at the limit and one beyond it.',
  userinfo: 'User information, which is refused.',
}
type Flag = keyof typeof notes

const { pairs, invalid } = uriRows<Flag>('htu', '9449#section-4.3')

const A_B = 'https://api.example.com/a/b'
const ROOT = 'https://rs.example/'
const A = 'https://rs.example/a'

const queries = [
  ...pairs('equal', ['query'], '9449#section-4.2', [
    ['same', 'The same URI twice', A_B, A_B],
    ['query-on-one-side', 'The request has a query', A_B, `${A_B}?q=1`],
    ['query-on-both-sides', 'Two different queries', `${A_B}?q=2`, `${A_B}?q=1`],
    ['query-empty', 'An empty query', `${A_B}?`, A_B],
    ['fragment', 'A fragment', `${A_B}#x`, A_B],
    ['fragment-empty', 'An empty fragment', `${A_B}#`, A_B],
    ['query-and-fragment', 'A query and a fragment', `${A_B}?q=1#x`, A_B],
    ['question-mark-in-fragment', 'A fragment with a question mark', `${A_B}#x?y`, A_B],
    ['question-mark-in-query', 'A query with a question mark', `${A_B}?x?y`, A_B],
    ['slash-in-query', 'A query with slashes and dot segments', `${A_B}?/../x`, A_B],
    ['at-sign-in-query', 'A query with an at sign', `${A_B}?user@host`, A_B],
    ['percent-in-query', 'A query with a percent sign that encodes nothing', `${A_B}?x=%zz`, A_B],
    ['query-without-path', 'A query directly after the host', 'https://rs.example?q=/x', ROOT],
    ['fragment-without-path', 'A fragment directly after the host', 'https://rs.example#/x', ROOT],
    [
      'at-sign-in-query-without-path',
      'No user information: the authority ends before the query',
      'https://rs.example?x@y',
      ROOT,
    ],
    [
      'at-sign-in-fragment-without-path',
      'No user information: the authority ends before the fragment',
      'https://rs.example#x@y',
      ROOT,
    ],
  ]),
  ...pairs('different', ['query'], '3986#section-2.2', [
    ['encoded-question-mark', 'An encoded question mark belongs to the path', `${A_B}%3Fq=1`, `${A_B}?q=1`],
    ['encoded-number-sign', 'An encoded number sign belongs to the path', `${A_B}%23x`, `${A_B}#x`],
    ['path-in-query', 'The path of one in the query of the other', 'https://rs.example/?/a', A],
  ]),
]

const schemesAndHosts = [
  ...pairs('equal', ['scheme'], '3986#section-6.2.2.1', [
    ['scheme-case', 'The scheme in capitals', 'HTTPS://api.example.com/a/b', A_B],
    ['scheme-and-host-case', 'Scheme, host and default port at once', 'HTTPS://API.example.COM:443/a/b', A_B],
    ['http-scheme-case', 'http in mixed case', 'hTTp://rs.example/a', 'http://rs.example/a'],
  ]),
  ...pairs('different', ['scheme'], '3986#section-3.1', [
    ['scheme-differs', 'http and https', 'http://api.example.com/a/b', A_B],
    ['scheme-differs-on-one-port', 'http and https on the port of https', 'http://rs.example:443/a', A],
  ]),
  ...pairs('equal', ['authority'], '3986#section-6.2.2.1', [
    ['host-case', 'The host in capitals', 'https://API.EXAMPLE.COM/a/b', A_B],
    ['host-underscore', 'A host with an underscore', 'https://a_b.example/x', 'https://A_B.example/x'],
    ['host-single-label', 'A host of one label', 'https://LOCALHOST/x', 'https://localhost/x'],
    ['host-label-begins-with-digit', 'A host that begins with a digit', 'https://1A.example/x', 'https://1a.example/x'],
  ]),
  ...pairs('different', ['authority'], '3986#section-3.2.2', [
    ['host-differs', 'Another host', 'https://api.example.org/a/b', A_B],
    ['host-subdomain', 'A host below', 'https://x.api.example.com/a/b', A_B],
    ['host-parent', 'The host above', 'https://example.com/a/b', A_B],
    ['host-suffix', 'A host that ends in the other', 'https://evilapi.example.com/a/b', A_B],
    ['host-prefix', 'A host that begins with the other', 'https://api.example.com.evil.example/a/b', A_B],
    ['host-trailing-dot', 'A trailing dot is another name', 'https://api.example.com./a/b', A_B],
    ['host-hyphen', 'A hyphen in the place of a dot', 'https://api-example.com/a/b', A_B],
    ['host-in-path', 'The host of one in the path of the other', 'https://evil.example/api.example.com/a/b', A_B],
  ]),
  ...invalid(['authority'], '3986#section-3.2', [
    ['host-missing', 'No host', 'https:///a'],
    ['host-missing-at-all', 'No host and no path', 'https://'],
    ['host-missing-with-port', 'A port without a host', 'https://:443/a'],
    ['host-missing-with-query', 'A query without a host', 'https://?a'],
    ['host-less-than', 'A less-than sign in the host', 'https://rs<.example/a'],
    ['host-caret', 'A caret in the host', 'https://rs^.example/a'],
    ['host-bar', 'A vertical bar in the host', 'https://rs|.example/a'],
  ]),
  ...invalid(['authority', 'choice'], '3986#section-3.2.2', [
    [
      'host-percent-encoded',
      'A percent-encoded letter in the host: no name of the DNS needs one',
      'https://%72s.example/a',
    ],
    ['host-percent-encoded-dot', 'A percent-encoded dot in the host', 'https://rs%2Eexample/a'],
    ['host-percent-encoded-slash', 'A percent-encoded slash in the host', 'https://rs.example%2F.evil.example/a'],
    ['host-percent-encoded-nul', 'A percent-encoded NUL in the host', 'https://rs.example%00.evil.example/a'],
    ['host-empty-label', 'Two dots in the host', 'https://rs..example/a'],
  ]),
  ...invalid(['userinfo'], '9110#section-4.2.4', [
    ['userinfo', 'A user', 'https://user@api.example.com/a/b'],
    ['userinfo-password', 'A user and a password', 'https://u:p@api.example.com/a/b'],
    ['userinfo-empty', 'An empty user', 'https://@api.example.com/a/b'],
    ['userinfo-colon-only', 'An empty user and an empty password', 'https://:@api.example.com/a/b'],
    ['userinfo-like-a-host', 'A user that looks like the host', 'https://api.example.com@evil.example/a/b'],
    [
      'userinfo-like-a-host-and-port',
      'User and password that look like host and port',
      'https://api.example.com:443@evil.example/a',
    ],
    ['userinfo-two-at-signs', 'Two at signs', 'https://a@b@api.example.com/a/b'],
  ]),
]

const ports = [
  ...pairs('equal', ['port'], '3986#section-6.2.3', [
    ['port-https-default', 'The default port of https', 'https://rs.example:443/a', A],
    ['port-http-default', 'The default port of http', 'http://rs.example:80/a', 'http://rs.example/a'],
    ['port-empty', 'An empty port', 'https://rs.example:/a', A],
    ['port-same', 'The same port on both sides', 'https://rs.example:8443/a', 'HTTPS://RS.example:8443/a'],
    ['port-largest', 'The largest port', 'https://rs.example:65535/a', 'https://rs.example:65535/a?'],
    ['port-default-without-path', 'The default port and no path', 'https://rs.example:443', ROOT],
    ['port-empty-without-path', 'An empty port and no path', 'https://rs.example:', ROOT],
    ['port-default-with-query', 'The default port directly before a query', 'https://rs.example:443?x', ROOT],
    ['rfc3986-6-2-3-no-path', 'RFC 3986, section 6.2.3, first and second', 'http://example.com', 'http://example.com/'],
    [
      'rfc3986-6-2-3-empty-port',
      'RFC 3986, section 6.2.3, first and third',
      'http://example.com',
      'http://example.com:/',
    ],
    [
      'rfc3986-6-2-3-default-port',
      'RFC 3986, section 6.2.3, first and fourth',
      'http://example.com',
      'http://example.com:80/',
    ],
  ]),
  ...pairs('equal', ['port', 'choice'], '3986#section-3.2.3', [
    [
      'port-leading-zeros',
      'A port is a number, whatever its zeros',
      'https://rs.example:08443/a',
      'https://rs.example:8443/a',
    ],
    ['port-default-leading-zeros', 'The default port with zeros before', 'https://rs.example:00443/a', A],
  ]),
  ...pairs('different', ['port'], '3986#section-6.2.3', [
    ['port-other', 'Another port', 'https://api.example.com:8443/a/b', A_B],
    ['port-of-http-on-https', 'The default port of the other scheme', 'https://rs.example:80/a', A],
    ['port-differs', 'Two ports', 'https://rs.example:8443/a', 'https://rs.example:8444/a'],
    ['port-prefix', 'A port that begins with the default port', 'https://rs.example:4430/a', A],
    ['port-in-path', 'A port in the path', 'https://rs.example/:443/a', A],
  ]),
  ...invalid(['port'], '3986#section-3.2.3', [
    ['port-too-large', 'One more than the largest port', 'https://rs.example:65536/a'],
    ['port-far-too-large', 'The default port and two to the thirty-second', 'https://rs.example:4294967739/a'],
    ['port-letters', 'A port of letters', 'https://rs.example:https/a'],
    ['port-negative', 'A negative port', 'https://rs.example:-1/a'],
    ['port-plus', 'A port with a sign', 'https://rs.example:+443/a'],
    ['port-hexadecimal', 'A hexadecimal port', 'https://rs.example:0x1bb/a'],
    ['port-two', 'Two ports', 'https://rs.example:443:443/a'],
    ['port-full-width-digits', 'Full-width digits', 'https://rs.example:\uff14\uff14\uff13/a'],
    ['port-percent-encoded', 'A percent-encoded digit', 'https://rs.example:44%33/a'],
  ]),
]

const addresses = [
  ...pairs('equal', ['ip'], '5952#section-4', [
    ['ipv6-case', 'Letters of an IPv6 address', 'https://[2001:DB8::A]/a', 'https://[2001:db8::a]/a'],
    ['ipv6-long-form', 'All eight groups', 'https://[0:0:0:0:0:0:0:1]/a', 'https://[::1]/a'],
    ['ipv6-leading-zeros', 'Groups with leading zeros', 'https://[2001:0db8::0001]/a', 'https://[2001:db8::1]/a'],
    [
      'ipv6-other-compression',
      'Another run of zeros left out',
      'https://[2001:db8::1:0:0:1]/a',
      'https://[2001:db8:0:0:1::1]/a',
    ],
    [
      'ipv6-ipv4-tail',
      'The last 32 bits as an IPv4 address',
      'https://[::ffff:192.0.2.1]/a',
      'https://[::ffff:c000:201]/a',
    ],
    ['ipv6-default-port', 'An IPv6 address and the default port', 'https://[::1]:443/a', 'https://[::1]/a'],
    ['ipv6-port', 'An IPv6 address and another port', 'https://[::1]:8443/a', 'https://[0::1]:8443/a'],
    ['ipv4', 'An IPv4 address and the default port', 'https://192.0.2.1:443/a', 'https://192.0.2.1/a'],
    ['ipv4-without-path', 'An IPv4 address without a path', 'http://127.0.0.1', 'http://127.0.0.1/'],
  ]),
  ...pairs('different', ['ip'], '3986#section-3.2.2', [
    ['ipv6-differs', 'Two IPv6 addresses', 'https://[::1]/a', 'https://[::2]/a'],
    ['ipv4-differs', 'Two IPv4 addresses', 'https://192.0.2.1/a', 'https://192.0.2.11/a'],
    [
      'ipv4-mapped',
      'An IPv4 address and the IPv6 address that maps it',
      'https://[::ffff:192.0.2.1]/a',
      'https://192.0.2.1/a',
    ],
    ['ipv4-and-name', 'The loopback address and its name', 'http://127.0.0.1/a', 'http://localhost/a'],
    ['ipv4-like-label', 'A name that begins like an address', 'https://192.0.2.1.example/a', 'https://192.0.2.1/a'],
  ]),
  ...invalid(['ip'], '3986#section-3.2.2', [
    ['ipv6-without-brackets', 'An IPv6 address without brackets', 'https://::1/a'],
    ['ipv6-unclosed', 'No closing bracket', 'https://[::1/a'],
    ['ipv6-unopened', 'No opening bracket', 'https://::1]/a'],
    ['ipv6-two-compressions', 'Two runs of zeros left out', 'https://[1::2::3]/a'],
    ['ipv6-nine-groups', 'Nine groups', 'https://[1:2:3:4:5:6:7:8:9]/a'],
    ['ipv6-group-too-long', 'A group of five digits', 'https://[::12345]/a'],
    ['ipv6-empty', 'Empty brackets', 'https://[]/a'],
    ['ipv6-text-after', 'A letter after the brackets', 'https://[::1]x/a'],
    ['ipv6-name-in-brackets', 'A name in brackets', 'https://[rs.example]/a'],
    ['ipv6-zone', 'A zone, which has a meaning on one machine only', 'https://[fe80::1%25eth0]/a'],
    ['ipv6-zone-bare', 'A zone with a bare percent sign', 'https://[fe80::1%eth0]/a'],
    ['ipv-future', 'A future form of address', 'https://[v1.fe80]/a'],
  ]),
  ...invalid(['ip', 'choice'], '3986#section-7.4', [
    ['ipv4-hexadecimal', 'A hexadecimal part: some readers take it for 127.0.0.1', 'https://0x7f.1/a'],
    ['ipv4-octal', 'An octal part', 'https://0177.0.0.1/a'],
    ['ipv4-leading-zero', 'A part with a leading zero', 'https://127.0.0.01/a'],
    ['ipv4-one-number', 'The whole address as one number', 'https://2130706433/a'],
    ['ipv4-two-parts', 'Two parts', 'https://127.1/a'],
    ['ipv4-part-too-large', 'A part beyond 255', 'https://256.0.0.1/a'],
    ['ipv4-five-parts', 'Five parts', 'https://1.2.3.4.5/a'],
    ['ipv4-trailing-dot', 'A dot after an address', 'https://127.0.0.1./a'],
    ['ipv4-full-width-digits', 'Full-width digits', 'https://\uff11\uff12\uff17.0.0.1/a'],
    ['name-ending-in-number', 'A name whose last label is a number', 'https://rs.example.1/a'],
  ]),
]

const internationalised = [
  ...pairs('equal', ['idna'], '5891#section-5', [
    ['idna-a-label', 'A U-label and its A-label', 'https://b\u00fccher.example/a', 'https://xn--bcher-kva.example/a'],
    ['idna-upper-case', 'A U-label in capitals', 'https://B\u00dcCHER.example/a', 'https://xn--bcher-kva.example/a'],
    [
      'idna-a-label-upper-case',
      'An A-label in capitals',
      'https://XN--BCHER-KVA.example/a',
      'https://xn--bcher-kva.example/a',
    ],
    [
      'idna-decomposed',
      'A U-label in decomposed form',
      'https://bu\u0308cher.example/a',
      'https://xn--bcher-kva.example/a',
    ],
    [
      'idna-sharp-s',
      'Sharp s is a letter of its own',
      'https://stra\u00dfe.example/a',
      'https://xn--strae-oqa.example/a',
    ],
    ['idna-japanese', 'Labels of another script', 'https://\u4f8b\u3048.example/a', 'https://xn--r8jz45g.example/a'],
    ['idna-ideographic-full-stop', 'The ideographic full stop separates labels', 'https://rs\u3002example/a', A],
    ['idna-full-width-letters', 'Full-width letters', 'https://\uff52\uff53.example/a', A],
    [
      'idna-with-port',
      'A U-label and the default port',
      'https://b\u00fccher.example:443/a',
      'https://xn--bcher-kva.example/a',
    ],
  ]),
  ...pairs('different', ['idna'], '5891#section-5', [
    ['idna-sharp-s-is-not-ss', 'Sharp s is not ss', 'https://stra\u00dfe.example/a', 'https://strasse.example/a'],
    [
      'idna-without-diaeresis',
      'The letter without its diaeresis',
      'https://b\u00fccher.example/a',
      'https://bucher.example/a',
    ],
    ['idna-cyrillic-letter', 'A Cyrillic letter that looks Latin', 'https://rs.ex\u0430mple/a', A],
  ]),
  ...invalid(['idna'], '5891#section-5', [
    [
      'idna-full-width-at-sign',
      'A full-width at sign would become user information',
      'https://rs.example\uff20evil.example/a',
    ],
    ['idna-full-width-slash', 'A full-width slash would end the host', 'https://rs.example\uff0f.evil.example/a'],
    [
      'idna-full-width-question-mark',
      'A full-width question mark would begin a query',
      'https://rs.example\uff1f.evil.example/a',
    ],
    [
      'idna-full-width-number-sign',
      'A full-width number sign would begin a fragment',
      'https://rs.example\uff03.evil.example/a',
    ],
    ['idna-full-width-colon', 'A full-width colon would begin a port', 'https://rs.example\uff1a443/a'],
    ['idna-full-width-percent', 'A full-width percent sign', 'https://rs\uff052eexample/a'],
    ['idna-account-of', 'A sign that decomposes into letters and a slash', 'https://rs.example\u2100.evil.example/a'],
  ]),
]

const dotSegments = [
  ...pairs('equal', ['dot-segments'], '3986#section-5.2.4', [
    [
      'rfc3986-5-2-4-absolute',
      'The first example of RFC 3986, section 5.2.4',
      'https://rs.example/a/b/c/./../../g',
      'https://rs.example/a/g',
    ],
    [
      'rfc3986-5-2-4-relative',
      'The second example, below a slash',
      'https://rs.example/mid/content=5/../6',
      'https://rs.example/mid/6',
    ],
    [
      'rfc3986-6-2-2',
      'The example of RFC 3986, section 6.2.2, on https',
      'https://a/b/c/%7Bfoo%7D',
      'hTTPS://a/./b/../b/%63/%7bfoo%7d',
    ],
    ['dots-both-kinds', 'Both kinds of dot segments', 'https://api.example.com/a/./x/../b', A_B],
    ['dot-alone', 'A path of one dot', 'https://rs.example/.', ROOT],
    ['dots-alone', 'A path of two dots', 'https://rs.example/..', ROOT],
    ['dot-at-end', 'One dot at the end leaves a slash', 'https://rs.example/a/.', 'https://rs.example/a/'],
    ['dots-at-end', 'Two dots at the end leave a slash', 'https://rs.example/a/b/..', 'https://rs.example/a/'],
    [
      'dots-with-slash-at-end',
      'Two dots and a slash at the end',
      'https://rs.example/a/b/../',
      'https://rs.example/a/',
    ],
    ['dots-above-root', 'More dots than segments', 'https://rs.example/../../../a', A],
    [
      'dots-over-empty-segment',
      'Two dots remove an empty segment',
      'https://rs.example/a//../b',
      'https://rs.example/a/b',
    ],
    [
      'dots-before-empty-segment',
      'An empty segment after two dots stays',
      'https://rs.example/a/..//b',
      'https://rs.example//b',
    ],
    ['dots-over-leading-empty-segment', 'Two dots remove a leading empty segment', 'https://rs.example//../a', A],
    ['dots-encoded', 'Percent-encoded dots are dots', 'https://rs.example/x/%2e%2e/a', A],
    ['dots-encoded-upper-case', 'The same in capitals', 'https://rs.example/x/%2E%2E/a', A],
    ['dots-half-encoded', 'One dot encoded, one not', 'https://rs.example/x/.%2e/a', A],
    ['dot-encoded', 'A percent-encoded single dot', 'https://rs.example/%2e/a', A],
    ['dots-before-query', 'Dots directly before a query', 'https://rs.example/a/..?x', ROOT],
    [
      'dots-with-parameters-after',
      'RFC 3986, section 5.4.2: g;x=1/./y',
      'http://a/b/c/g;x=1/./y',
      'http://a/b/c/g;x=1/y',
    ],
    ['dots-over-parameters', 'RFC 3986, section 5.4.2: g;x=1/../y', 'http://a/b/c/g;x=1/../y', 'http://a/b/c/y'],
    ['dots-far-above-root', 'RFC 3986, section 5.4.2: ../../../../g', 'http://a/b/c/../../../../g', 'http://a/g'],
    ['dot-before-segment', 'RFC 3986, section 5.4.2: ./g/.', 'http://a/b/c/./g/.', 'http://a/b/c/g/'],
    ['dots-between-segments', 'RFC 3986, section 5.4.2: g/../h', 'http://a/b/c/g/../h', 'http://a/b/c/h'],
  ]),
  ...pairs('different', ['dot-segments'], '3986#section-5.4.2', [
    ['dot-after-name', 'A segment that ends in a dot', 'http://a/b/c/g.', 'http://a/b/c/g'],
    ['dot-before-name', 'A segment that begins with a dot', 'http://a/b/c/.g', 'http://a/b/c/g'],
    ['dots-after-name', 'A segment that ends in two dots', 'http://a/b/c/g..', 'http://a/b/c/g'],
    ['dots-before-name', 'A segment that begins with two dots', 'http://a/b/c/..g', 'http://a/b/c/g'],
    ['three-dots', 'Three dots are a name', 'https://rs.example/x/.../a', A],
    ['dots-leave-trailing-slash', 'Dots at the end do not remove the slash', 'https://rs.example/a/b/..', A],
    ['dots-in-query', 'Dots in a query remove nothing', 'https://rs.example/x?/../a', A],
    ['dots-and-encoded-slash', 'An encoded slash does not make dots a segment', 'https://rs.example/x/..%2Fa', A],
    ['dots-with-parameters', 'Dots with parameters are a name', 'https://rs.example/x/..;/a', A],
  ]),
]

const percentEncodings = [
  ...pairs('equal', ['encoding'], '3986#section-6.2.2.2', [
    ['encoded-letter', 'An encoded letter', 'https://api.example.com/%61/b', A_B],
    ['encoded-capital', 'An encoded capital', 'https://rs.example/%41', 'https://rs.example/A'],
    ['encoded-digit', 'An encoded digit', 'https://rs.example/%30', 'https://rs.example/0'],
    ['encoded-hyphen', 'An encoded hyphen', 'https://rs.example/a%2Db', 'https://rs.example/a-b'],
    ['encoded-dot', 'An encoded dot within a name', 'https://rs.example/a%2Eb', 'https://rs.example/a.b'],
    ['encoded-underscore', 'An encoded underscore', 'https://rs.example/a%5Fb', 'https://rs.example/a_b'],
    ['encoded-tilde', 'An encoded tilde', 'https://rs.example/%7euser', 'https://rs.example/~user'],
    ['hexadecimal-case', 'Hexadecimal digits in either case', 'https://rs.example/a%2fb', 'https://rs.example/a%2Fb'],
    [
      'hexadecimal-case-of-letters',
      'An encoded letter of two bytes',
      'https://rs.example/%c3%a9',
      'https://rs.example/%C3%A9',
    ],
    [
      'iri-path',
      'A letter that is not ASCII and its encoding',
      'https://rs.example/\u00e9',
      'https://rs.example/%C3%A9',
    ],
    [
      'iri-path-four-bytes',
      'A character of four bytes',
      'https://rs.example/\u{1f600}',
      'https://rs.example/%F0%9F%98%80',
    ],
    [
      'encoded-octets-not-utf-8',
      'Encoded octets that are not UTF-8',
      'https://rs.example/%ff',
      'https://rs.example/%FF',
    ],
    ['encoded-backslash', 'An encoded backslash stays one', 'https://rs.example/a%5cb', 'https://rs.example/a%5Cb'],
    ['encoded-nul', 'An encoded NUL stays one', 'https://rs.example/a%00', 'https://rs.example/a%00?'],
    ['encoded-space', 'An encoded space stays one', 'https://rs.example/a%20b', 'https://RS.example/a%20b'],
  ]),
  ...pairs('equal', ['encoding', 'choice'], '3986#section-2.1', [
    [
      'bar',
      'A vertical bar, which is not in the grammar but is sent',
      'https://rs.example/a|b',
      'https://rs.example/a%7Cb',
    ],
    ['braces', 'Braces', 'https://rs.example/{id}', 'https://rs.example/%7Bid%7D'],
    ['caret', 'A caret', 'https://rs.example/a^b', 'https://rs.example/a%5Eb'],
    ['quotation-mark', 'A quotation mark', 'https://rs.example/a"b', 'https://rs.example/a%22b'],
    ['brackets', 'Brackets in the path', 'https://rs.example/a[0]', 'https://rs.example/a%5B0%5D'],
  ]),
  ...pairs('different', ['encoding'], '3986#section-2.2', [
    ['encoded-slash', 'An encoded slash never becomes one', 'https://api.example.com/a%2Fb', A_B],
    ...[':', '@', '!', '$', '&', "'", '(', ')', '*', '+', ',', ';', '='].map((character): Pair => {
      const code = character.charCodeAt(0).toString(16).toUpperCase()
      const comment = 'A reserved character and its encoding'
      return [
        `encoded-reserved-${code.toLowerCase()}`,
        comment,
        `https://rs.example/a%${code}b`,
        `https://rs.example/a${character}b`,
      ]
    }),
    ['encoded-percent', 'An encoded percent sign is not decoded twice', 'https://rs.example/%2561', A],
    [
      'encoded-percent-before-reserved',
      'The same before a slash',
      'https://rs.example/a%252Fb',
      'https://rs.example/a%2Fb',
    ],
    ['encoded-percent-before-dots', 'The same before dots', 'https://rs.example/x/%252e%252e/a', A],
    ['plus-and-space', 'A plus sign is no space in a path', 'https://rs.example/a+b', 'https://rs.example/a%20b'],
    ['encoded-letters-of-other-case', 'Decoding does not change the case', 'https://rs.example/%41', A],
    [
      'composed-and-decomposed',
      'Unicode forms are not unified in a path',
      'https://rs.example/%C3%A9',
      'https://rs.example/e%CC%81',
    ],
    ['overlong-slash', 'An overlong encoding is not decoded', 'https://rs.example/a%C0%AFb', 'https://rs.example/a/b'],
  ]),
  ...invalid(['encoding'], '3986#section-2.1', [
    ['percent-alone', 'A percent sign at the end', 'https://rs.example/100%'],
    ['percent-one-digit', 'One digit at the end', 'https://rs.example/a%2'],
    ['percent-one-digit-before-slash', 'One digit before a slash', 'https://rs.example/%2/a'],
    ['percent-not-hexadecimal', 'Letters that are not hexadecimal', 'https://rs.example/%zz'],
    ['percent-half-hexadecimal', 'A second digit that is not hexadecimal', 'https://rs.example/%2g'],
    ['percent-percent', 'Two percent signs', 'https://rs.example/%%61'],
    ['percent-u', 'A form that JavaScript once had', 'https://rs.example/%u0061'],
    ['percent-before-query', 'A percent sign before a query', 'https://rs.example/a%?61'],
  ]),
]

const paths = [
  ...pairs('equal', ['empty'], '3986#section-6.2.3', [
    ['empty-path', 'An empty path is a slash', 'https://api.example.com', 'https://api.example.com/'],
  ]),
  ...pairs('equal', ['path'], '3986#section-3.3', [
    ['parameters', 'Parameters in a path', 'https://RS.example/a;v=1,2/b', 'https://rs.example/a;v=1,2/b'],
    [
      'at-sign-in-path',
      'An at sign in the path is no user information',
      'https://RS.example/@a',
      'https://rs.example/@a',
    ],
    ['colon-in-path', 'A colon in the path is no port', 'https://RS.example/a:b', 'https://rs.example/a:b'],
    ['sub-delimiters', 'Every sub-delimiter', "https://RS.example/!$&'()*+,;=", "https://rs.example/!$&'()*+,;="],
    ['a-label-in-path', 'What looks like an A-label in a path', 'https://RS.example/xn--a', 'https://rs.example/xn--a'],
    ['uri-in-path', 'A URI in the path', 'https://RS.example/https://x/y', 'https://rs.example/https://x/y'],
  ]),
  ...pairs('different', ['path'], '3986#section-6.2.2.1', [
    ['path-case', 'The path is case-sensitive', 'https://api.example.com/A/b', A_B],
    ['path-differs', 'Another path', 'https://api.example.com/a/c', A_B],
    ['path-prefix', 'A path that begins with the other', 'https://api.example.com/a/b/c', A_B],
    ['trailing-slash', 'A trailing slash counts', 'https://api.example.com/a/b/', A_B],
    ['trailing-slash-on-root-path', 'A path and none', A, ROOT],
    ['empty-segment', 'An empty segment counts', 'https://api.example.com/a//b', A_B],
    ['empty-segment-at-start', 'An empty first segment counts', 'https://api.example.com//a/b', A_B],
    ['empty-segment-at-end', 'Two slashes at the end', 'https://rs.example/a//', 'https://rs.example/a/'],
    ['parameters-differ', 'Parameters count', 'https://rs.example/a;v=1', A],
    ['parameter-order', 'The order of parameters counts', 'https://rs.example/a;b;c', 'https://rs.example/a;c;b'],
  ]),
]

const invalidForms = [
  ...invalid(['relative'], '3986#section-4.3', [
    ['empty', 'No text at all', ''],
    ['path-only', 'A path', '/a/b'],
    ['no-scheme', 'No scheme', 'api.example.com/a/b'],
    ['no-scheme-with-port', 'A host and a port without scheme', 'rs.example:443/a'],
    ['network-path', 'No scheme, two slashes', '//api.example.com/a/b'],
    ['one-slash', 'One slash after the scheme', 'https:/api.example.com/a/b'],
    ['no-slashes', 'No slash after the scheme', 'https:api.example.com/a/b'],
    ['no-colon', 'No colon after the scheme', 'https//api.example.com/a/b'],
    ['query-only', 'A query', '?a'],
    ['asterisk', 'The asterisk of OPTIONS', '*'],
  ]),
  ...invalid(['scheme'], '9110#section-4.2', [
    ['scheme-ftp', 'Another scheme', 'ftp://rs.example/a'],
    ['scheme-wss', 'The scheme of WebSocket', 'wss://rs.example/a'],
    ['scheme-file', 'The scheme of files', 'file://rs.example/a'],
    ['scheme-suffix', 'A scheme that begins with https', 'https+unix://rs.example/a'],
    ['scheme-long-s', 'A scheme with the long s, which is an s in capitals', 'http\u017f://rs.example/a'],
    ['scheme-begins-with-digit', 'A scheme that begins with a digit', '1https://rs.example/a'],
  ]),
  ...invalid(['character'], '3986#section-2', [
    ['space-before', 'A space before', ` ${A}`],
    ['space-after', 'A space after', `${A} `],
    ['space-in-path', 'A space in the path', 'https://rs.example/a b'],
    ['space-in-host', 'A space in the host', 'https://rs .example/a'],
    ['tab-in-path', 'A tab in the path', 'https://rs.example/\ta'],
    ['tab-in-scheme', 'A tab in the scheme', 'ht\ttps://rs.example/a'],
    ['line-feed-after', 'A line feed after', `${A}\n`],
    ['line-feed-in-host', 'A line feed in the host', 'https://rs.\nexample/a'],
    ['carriage-return', 'Carriage return and line feed in the path', 'https://rs.example/a\r\nb'],
    ['nul', 'A NUL', `${A}\0`],
    ['delete', 'A DEL', `${A}\x7f`],
    ['c1-control', 'A control of the upper range', `${A}\x85`],
    ['no-break-space', 'A no-break space', `${A}\u00a0`],
    ['line-separator', 'A line separator', `${A}\u2028`],
    ['byte-order-mark', 'A byte order mark before', `\ufeff${A}`],
    ['backslash-in-path', 'A backslash in the path: some readers take it for a slash', 'https://rs.example/x\\..\\a'],
    ['backslash-after-scheme', 'Backslashes after the scheme', 'https:\\\\rs.example\\a'],
    ['backslash-before-at-sign', 'A backslash that hides the host', 'https://rs.example\\@evil.example/a'],
    ['backslash-after-host', 'A backslash for the first slash', 'https://rs.example\\a'],
  ]),
]

const longest = A + 'x'.repeat(MAX_URI_LENGTH - A.length)
const sizes = [
  ...pairs('equal', ['size'], '9110#section-4.1', [
    ['size-at-limit', `${MAX_URI_LENGTH} characters`, longest, longest.replace('rs', 'RS')],
  ]),
  ...invalid(['size'], '9110#section-4.1', [
    ['size-beyond-limit', `${MAX_URI_LENGTH + 1} characters`, `${longest}x`],
    [
      'size-beyond-limit-by-query',
      `${MAX_URI_LENGTH + 1} characters, all but a few in the query`,
      `${A}?${'x'.repeat(MAX_URI_LENGTH - A.length)}`,
    ],
  ]),
]

/** `htu.json` */
export const htuFile: VectorFile = {
  kind: 'htu',
  description:
    'Normalise `a` and `b` and compare the results character by character: `equal` or `different`, whichever way round. ' +
    'A single `uri` cannot be normalised.',
  notes,
  settings: { maxUriLength: MAX_URI_LENGTH },
  vectors: [
    ...queries,
    ...schemesAndHosts,
    ...ports,
    ...addresses,
    ...internationalised,
    ...dotSegments,
    ...percentEncodings,
    ...paths,
    ...invalidForms,
    ...sizes,
  ],
}
