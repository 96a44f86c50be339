// Fuzzes every parser of @countersign/shared for a limited time: changes valid inputs and checks what must hold for any input. A
// violation is a parser that throws anything but its own errors, accepts what does not read the same when written again, or takes longer
// than any input may.

import { isDeepStrictEqual } from 'node:util'
import type { AnswerHeader, EnvelopeHeader, PublicJwk } from '@countersign/shared'
import {
  decodeAnswer,
  decodeBase64url,
  decodeDPoPProof,
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeEnvelope,
  decodeSealHeader,
  decodeSealPlaintext,
  encodeAnswerHeader,
  encodeBase64url,
  encodeDPoPProofClaims,
  encodeDPoPProofHeader,
  encodeEnvelopeHeader,
  encodeJsonSegment,
  formatChallenges,
  isAnswerField,
  isBase64url,
  isCountersignError,
  isNonce,
  isSealed,
  jwsAlgorithms,
  limits,
  normalizeHtu,
  normalizeTargetUri,
  parseChallenges,
  parseJson,
  parseJsonBytes,
  readPublicJwk,
  readSealKey,
  secureUrl,
  splitCompactJws,
  splitSeal,
  thumbprintInput,
} from '@countersign/shared'

import { createRandom, mutate, pick } from './mutate.ts'
import { report, show, Violation } from './report.ts'

/** A call longer than this, three times in a row, looks like time that grows with the square of the input. */
const MAX_CALL_MILLISECONDS = 50
/** Inputs kept per parser; accepted ones take the place of others, so that the search walks away from the seeds. */
const POOL_SIZE = 200

/** One parser: inputs that it accepts, and what must hold for those it accepts. Throws {@link Violation} when it does not. */
interface Target {
  readonly name: string
  readonly seeds: readonly string[]
  /** Wraps an input for the parser; the time it takes does not count. */
  prepare?(input: string): string
  /** What the parser makes of a prepared input; refuses by throwing. */
  parse(prepared: string): unknown
  /** Checks an accepted input against what the parser made of it. */
  accepted?(input: string, output: never): void
  /** Checks an input that the parser refused. */
  refused?(input: string, reason: string | undefined): void
}

interface Statistics {
  calls: number
  accepted: number
  slowestMilliseconds: number
}

const ecJwk: PublicJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
  y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
}
const okpJwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const rsaJwk: PublicJwk = { kty: 'RSA', n: `u${'w'.repeat(340)}Q`, e: 'AQAB' }
const akpJwk: PublicJwk = { kty: 'AKP', alg: 'ML-DSA-44', pub: 'A'.repeat(1750) }
const claims = {
  jti: 'e1j3V_bKic8-LAEB',
  htm: 'GET',
  htu: 'https://resource.example.org/protectedresource',
  iat: 1_562_262_618,
  ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v',
}
const proof = `${encodeDPoPProofHeader('ES256', ecJwk)}.${encodeDPoPProofClaims(claims)}.${'A'.repeat(86)}`

/** Well-formed envelopes of one type, with each of some payloads. */
function envelopes(typ: EnvelopeHeader['typ'], payloads: readonly string[]): string[] {
  return payloads.map((payload) => {
    const header = encodeEnvelopeHeader({
      typ,
      alg: 'Ed25519',
      kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
      jwk: okpJwk,
      htm: 'POST',
      uri: 'https://server.example.com/gnap?x=1',
      created: 1_700_000_000,
      ath: claims.ath,
      jti: claims.jti,
      nonce: claims.nonce,
      ...(payload !== '' && { cty: 'application/json' }),
    })
    return `${header}.${payload}.${'A'.repeat(86)}`
  })
}

const answerHeader: AnswerHeader = {
  typ: 'countersign-answer',
  alg: 'Ed25519',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  status: 201,
  fields: { 'content-type': 'application/json', location: '/orders/7', link: '</a>; rel="b", </c>', etag: null },
  digest: 'rVWfTiIg7nMXMweH_gWgZfWiLkocqGa09IBVOTn1U-I',
  created: 1_700_000_001,
  req: 'OreI1tLhFnNUnVHOe4LkxOYstpypc0qzzn10nwKDR2Y',
}

const { x, y } = ecJwk as { readonly x: string; readonly y: string }
const sealHeader = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'jose', kid: 'a', epk: { kty: 'EC', crv: 'P-256', x, y } }
const wrappedHeader = { ...sealHeader, alg: 'ECDH-ES+A256KW', epk: { kty: 'OKP', crv: 'X25519', x }, typ: 'JOSE' }
const afterHeader = `${'A'.repeat(16)}.${'A'.repeat(86)}.${'A'.repeat(22)}`

const targets: Target[] = [
  {
    name: 'decodeBase64url',
    seeds: ['', 'Zg', 'Zm8', 'Zm9v', '-_-_', encodeBase64url('{"a":"é"}')],
    parse: decodeBase64url,
    accepted(input, bytes: Uint8Array) {
      mustEqual(encodeBase64url(bytes), input, 'the encoding of what was decoded')
      mustEqual(Buffer.from(input, 'base64url').equals(bytes), true, 'the bytes that Node decodes')
    },
    refused: (input) => mustEqual(isBase64url(input), false, 'isBase64url'),
  },
  {
    name: 'parseJson',
    seeds: [
      '{"a":[1,{"b":"\\u00e9\\ud83d\\ude00"}],"c":-1.5e3,"__proto__":{"":null}}',
      '[{"a":{"a":{"a":true}}},"\\\\\\"",false]',
      JSON.stringify(claims),
      ' { "0" : 0 } ',
    ],
    parse: parseJson,
    accepted(input, value: ReturnType<typeof parseJson>) {
      const text = JSON.stringify(value)
      mustEqual(text, JSON.stringify(JSON.parse(input)), 'what JSON.parse reads')
      if (text.length <= limits.MAX_JSON_LENGTH) mustEqual(JSON.stringify(parseJson(text)), text, 'what was read again')
    },
    refused(input, reason) {
      if (reason === 'syntax')
        mustEqual(
          accepts(() => JSON.parse(input), SyntaxError),
          false,
          'what JSON.parse accepts',
        )
    },
  },
  {
    name: 'parseJsonBytes',
    seeds: ['{"a":"\xc3\xa9\xf0\x9f\x98\x80"}', '["\\u00e9"]', '"\xef\xbb\xbf"'],
    parse: (input) => parseJsonBytes(Buffer.from(input, 'latin1')),
    accepted(input, value: ReturnType<typeof parseJson>) {
      const bytes = Buffer.from(input, 'latin1')
      mustEqual(Buffer.from(bytes.toString('utf8')).equals(bytes), true, 'the bytes of the same text')
      mustEqual(JSON.stringify(value), JSON.stringify(JSON.parse(bytes.toString('utf8'))), 'what JSON.parse reads')
    },
  },
  {
    name: 'readPublicJwk',
    seeds: [
      ...[ecJwk, okpJwk, rsaJwk, akpJwk].map((jwk) => JSON.stringify(jwk)),
      JSON.stringify({ ...ecJwk, alg: 'ES256', use: 'sig', key_ops: ['verify'], kid: 'a' }),
      JSON.stringify({ ...okpJwk, alg: 'EdDSA' }),
    ],
    parse: (input) => readPublicJwk(parseJson(input)),
    accepted(_, jwk: PublicJwk) {
      mustEqual(JSON.stringify(readPublicJwk(jwk)), JSON.stringify(jwk), 'the key that was read again')
      mustEqual(isDeepStrictEqual(JSON.parse(thumbprintInput(jwk)), { ...jwk }), true, 'the input of the thumbprint')
    },
  },
  {
    name: 'splitCompactJws',
    seeds: [proof, '..', 'a.b.c'],
    parse: splitCompactJws,
    accepted(input, { header, payload, signature, signingInput }: ReturnType<typeof splitCompactJws>) {
      mustEqual(`${header}.${payload}.${signature}`, input, 'the segments joined')
      mustEqual(`${signingInput}.${signature}`, input, 'the signing input and the signature joined')
    },
  },
  {
    name: 'decodeDPoPProof',
    seeds: [proof, `${encodeDPoPProofHeader('EdDSA', okpJwk)}.${encodeDPoPProofClaims(claims)}.AP8`],
    parse: decodeDPoPProof,
    accepted(input, decoded: ReturnType<typeof decodeDPoPProof>) {
      const signature = encodeBase64url(decoded.signature)
      mustEqual(`${decoded.signingInput}.${signature}`, input, 'the signing input and the encoded signature')
    },
  },
  {
    name: 'decodeDPoPProofHeader',
    seeds: [
      JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: ecJwk }),
      JSON.stringify({ typ: 'dpop+jwt', alg: 'Ed25519', jwk: { ...okpJwk, alg: 'EdDSA' }, kid: 'a' }),
      JSON.stringify({ typ: 'dpop+jwt', alg: 'PS256', jwk: rsaJwk }),
    ],
    prepare: encodeBase64url,
    parse: decodeDPoPProofHeader,
    accepted(_, { header, algorithm }: ReturnType<typeof decodeDPoPProofHeader>) {
      mustEqual(jwsAlgorithms.includes(header.alg) && algorithm.kty === header.jwk.kty, true, 'an algorithm of the key')
      const again = decodeDPoPProofHeader(encodeDPoPProofHeader(header.alg, header.jwk)).header
      mustEqual(isDeepStrictEqual(again, header), true, 'the header that was read again')
    },
  },
  {
    name: 'decodeDPoPProofClaims',
    seeds: [JSON.stringify(claims), JSON.stringify({ ...claims, ath: undefined, nonce: undefined, exp: 1 })],
    prepare: encodeBase64url,
    parse: decodeDPoPProofClaims,
    accepted(_, decoded: ReturnType<typeof decodeDPoPProofClaims>) {
      // JSON has one zero: the sign of the other is lost when it is written.
      const again = { ...decodeDPoPProofClaims(encodeDPoPProofClaims(decoded)) }
      mustEqual(isDeepStrictEqual(again, { ...decoded, iat: decoded.iat + 0 }), true, 'the claims that were read again')
    },
  },
  {
    name: 'normalizeHtu',
    seeds: [
      'https://resource.example.org/protectedresource',
      'HTTPS://RS.example:443/a/../%7Eb/./%2e%2e?c#d',
      'https://bücher.example/é',
      'https://xn--bcher-kva.example/%c3%a9',
      'http://[2001:DB8::1]:8080/',
      "http://127.0.0.1/a;b=c/@:!$&'()*+,",
      'http://localhost:3000',
    ],
    parse: normalizeHtu,
    accepted(input, normal: string) {
      mustEqual(normalizeHtu(normal), normal, 'what was normalised again')
      mustEqual(new URL(normal).href, normal, 'what the platform makes of it')
      mustEqual(normal, normalizeByPlatform(input), 'what the platform reads in the input')
    },
  },
  {
    name: 'normalizeTargetUri',
    seeds: [
      'https://server.example.com/gnap?x=1',
      'HTTPS://RS.example:443/a/../%7Eb?',
      'https://bücher.example/é?a=%7e&b=c',
      'http://localhost:3000?q=a?b',
    ],
    parse: normalizeTargetUri,
    accepted(input, normal: string) {
      mustEqual(normalizeTargetUri(normal), normal, 'what was normalised again')
      const query = (uri: string) => (uri.includes('?') ? uri.slice(uri.indexOf('?')) : undefined)
      mustEqual(query(normal), query(input), 'the query')
      mustEqual(normalizeHtu(input), normal.replace(/\?.*$/s, ''), 'the htu of the same URI')
    },
  },
  {
    name: 'decodeEnvelope, detached',
    seeds: envelopes('gnap-binding-jwsd', ['', 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE']),
    parse: (input) => decodeEnvelope(input, 'field'),
    accepted(input, envelope: ReturnType<typeof decodeEnvelope>) {
      const signature = encodeBase64url(envelope.signature)
      mustEqual(`${envelope.signingInput}.${signature}`, input, 'the signing input and the encoded signature')
    },
  },
  {
    name: 'decodeEnvelope, attached',
    seeds: envelopes('gnap-binding-jws', [encodeBase64url('{"hello": "world"}')]),
    parse: (input) => decodeEnvelope(input, 'content'),
    accepted(input, envelope: ReturnType<typeof decodeEnvelope>) {
      const signature = encodeBase64url(envelope.signature)
      mustEqual(`${envelope.signingInput}.${signature}`, input, 'the signing input and the encoded signature')
    },
  },
  {
    name: 'splitSeal',
    seeds: [
      `${encodeJsonSegment(sealHeader)}..${afterHeader}`,
      `${encodeJsonSegment(wrappedHeader)}.${'A'.repeat(54)}.${afterHeader}`,
    ],
    parse: splitSeal,
    accepted(input, { header, encryptedKey, iv, ciphertext, tag }: ReturnType<typeof splitSeal>) {
      mustEqual([header, encryptedKey, iv, ciphertext, tag].join('.'), input, 'the segments joined')
      mustEqual(isSealed(input), true, 'isSealed')
    },
  },
  {
    name: 'decodeSealHeader',
    seeds: [JSON.stringify(sealHeader), JSON.stringify({ ...sealHeader, typ: 'JOSE', jku: 'a' })],
    prepare: encodeBase64url,
    parse: (header) => decodeSealHeader(segmentsWith(header)),
    accepted(_, header: ReturnType<typeof decodeSealHeader>) {
      const again = decodeSealHeader(segmentsWith(encodeJsonSegment({ ...header })))
      mustEqual(isDeepStrictEqual(again, header), true, 'the header that was read again')
      const key = readSealKey({ ...header.epk, kid: header.kid, alg: header.alg, use: 'enc' })
      mustEqual(isDeepStrictEqual(key?.jwk, header.epk), true, 'the key that was read from a key set')
    },
  },
  {
    name: 'decodeSealPlaintext',
    seeds: envelopes('gnap-binding-jws', [encodeBase64url('{"hello": "world"}'), '']),
    parse: (input) => decodeSealPlaintext(Buffer.from(input, 'latin1')),
    accepted(input, text: string) {
      mustEqual(text, Buffer.from(input, 'latin1').toString('latin1'), 'the text that was sealed')
      mustEqual(/^[\w.-]*$/.test(text), true, 'the alphabet')
    },
  },
  {
    name: 'decodeAnswer',
    seeds: [
      `${encodeAnswerHeader(answerHeader)}..${'A'.repeat(86)}`,
      `${encodeAnswerHeader({ ...answerHeader, alg: 'ES256', status: 599, created: 0 })}..AP8`,
    ],
    parse: decodeAnswer,
    accepted(input, decoded: ReturnType<typeof decodeAnswer>) {
      const signature = encodeBase64url(decoded.signature)
      mustEqual(`${decoded.signingInput}.${signature}`, input, 'the signing input and the encoded signature')
    },
  },
  {
    name: 'decodeAnswer, header',
    seeds: [
      JSON.stringify(answerHeader),
      JSON.stringify({
        ...answerHeader,
        digest: undefined,
        fields: { location: null, 'content-type': '' },
        jwk: ecJwk,
      }),
    ],
    prepare: (header) => `${encodeBase64url(header)}..${'A'.repeat(86)}`,
    parse: decodeAnswer,
    accepted(_, { header }: ReturnType<typeof decodeAnswer>) {
      const again = decodeAnswer(`${encodeAnswerHeader(header)}..${'A'.repeat(86)}`).header
      // JSON has one zero: the sign of the other is lost when it is written.
      mustEqual(
        isDeepStrictEqual(again, { ...header, created: header.created + 0 }),
        true,
        'the header that was read again',
      )
      const names = Object.keys(header.fields)
      mustEqual(names.every(isAnswerField) && names.includes('content-type'), true, 'fields that may be covered')
    },
  },
  {
    name: 'parseChallenges',
    seeds: [
      'Bearer, DPoP algs="ES256 PS256"',
      'DPoP error="use_dpop_nonce", error_description="a, b=\\"c\\"", Bearer realm="x"',
      'Negotiate abc==, dpop ALGS=ES256',
      'A a=b, B, C c68, D d = "e",, f=g ,',
    ],
    parse: parseChallenges,
    accepted(_, challenges: ReturnType<typeof parseChallenges>) {
      const field = formatChallenges(challenges)
      if (field.length > limits.MAX_CHALLENGE_LENGTH) return
      mustEqual(isDeepStrictEqual(parseChallenges(field), challenges), true, 'the challenges that were read again')
    },
  },
  {
    name: 'isNonce',
    seeds: ['eyJ7S_zG.eyJH0-Z.HX4w-7v', '!#[]~'],
    parse: isNonce,
    accepted(input, is: boolean) {
      const expected =
        input.length >= 1 &&
        input.length <= limits.MAX_NONCE_LENGTH &&
        [...input].every(
          (character) => character > ' ' && character < '\x7f' && character !== '"' && character !== '\\',
        )
      mustEqual(is, expected, 'the NQCHAR of RFC 6749')
    },
  },
  {
    name: 'secureUrl',
    seeds: [
      'https://api.example.com/a?b',
      'http://localhost:3000',
      'http://127.0.0.1',
      'http://[::1]/',
      'https://[::1]:8443',
    ],
    parse: (input) => secureUrl(input, 'resource'),
    accepted(_, url: URL) {
      // The platform's parser refuses what it wrote itself when A-labels have made a host too long.
      if (URL.canParse(url.href)) {
        mustEqual(secureUrl(url.href, 'resource').href, url.href, 'the URL that was read again')
      }
      const local = /^(127\.\d+\.\d+\.\d+|\[::1\]|([^.]+\.)*localhost)$/.test(url.hostname)
      mustEqual(
        url.protocol === 'https:' || (url.protocol === 'http:' && local),
        true,
        'https, or http to this machine',
      )
      mustEqual(`${url.username}${url.password}${url.hash}`, '', 'credentials and fragment')
    },
  },
]

/** The segments of a sealed envelope with this header, for `ECDH-ES`. */
function segmentsWith(header: string): ReturnType<typeof splitSeal> {
  return splitSeal(`AA..${afterHeader}`.replace('AA', header))
}

/** Fuzzes the parsers, and tells whether nothing was found. */
export function fuzzParsers({ seconds, seed }: { readonly seconds: number; readonly seed: number }): boolean {
  const random = createRandom(seed)
  const pools = targets.map(({ seeds }) => [...seeds])
  const statistics: Statistics[] = targets.map(() => ({ calls: 0, accepted: 0, slowestMilliseconds: 0 }))
  console.log(`Seed ${seed}, ${seconds} seconds, ${targets.length} parsers`)
  const end = performance.now() + seconds * 1000
  // The seeds as they are come first: one that is not accepted would search nothing.
  for (const [index, target] of targets.entries()) {
    for (const input of target.seeds) {
      try {
        if (!run(target, input, statistics[index] as Statistics)) throw new Violation('The seed is refused')
      } catch (error) {
        return report(target.name, seed, input, error)
      }
    }
  }
  let rounds = 0
  while (performance.now() < end) {
    for (const [index, target] of targets.entries()) {
      const pool = pools[index] as string[]
      const input = mutate(pick(pool, random), pool, random)
      try {
        const wasAccepted = run(target, input, statistics[index] as Statistics)
        if (wasAccepted && input.length < 4_000 && random() < 0.05) {
          if (pool.length < POOL_SIZE) pool.push(input)
          else pool[target.seeds.length + Math.floor(random() * (POOL_SIZE - target.seeds.length))] = input
        }
      } catch (error) {
        return report(target.name, seed, input, error)
      }
    }
    rounds++
  }
  print(statistics)
  console.log(`No violation in ${rounds} rounds`)
  return true
}

/** Runs one parser on one input, and tells whether it accepted it. */
function run(target: Target, input: string, statistics: Statistics): boolean {
  const prepared = target.prepare?.(input) ?? input
  const first = call(target, prepared)
  let milliseconds = first.milliseconds
  // Another process or the garbage collector may have taken the time: the least of three runs counts.
  for (let again = 0; again < 2 && milliseconds > MAX_CALL_MILLISECONDS / 10; again++) {
    milliseconds = Math.min(milliseconds, call(target, prepared).milliseconds)
  }
  statistics.calls++
  statistics.slowestMilliseconds = Math.max(statistics.slowestMilliseconds, milliseconds)
  if (milliseconds > MAX_CALL_MILLISECONDS) throw new Violation(`Took ${milliseconds.toFixed(1)} ms`)
  if ('error' in first) {
    if (!isCountersignError(first.error)) throw first.error
    target.refused?.(input, first.error.reason)
    return false
  }
  target.accepted?.(input, first.output as never)
  statistics.accepted++
  return true
}

function call(target: Target, input: string): { milliseconds: number; output?: unknown; error?: unknown } {
  const start = performance.now()
  try {
    const output = target.parse(input)
    return { milliseconds: performance.now() - start, output }
  } catch (error) {
    return { milliseconds: performance.now() - start, error }
  }
}

/** What the platform's parser makes of a URL, with the percent-encodings that it leaves as they are made alike. */
function normalizeByPlatform(text: string): string {
  const { origin, pathname } = new URL(text)
  const decoded = pathname.replace(/%[0-9a-f]{2}/gi, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : triplet.toUpperCase()
  })
  return origin + decoded.replace(/[[\]|^"<>`{}]/g, (character) => encodeURIComponent(character))
}

function accepts(parse: () => unknown, refusal: typeof SyntaxError): boolean {
  try {
    parse()
    return true
  } catch (error) {
    if (error instanceof refusal) return false
    throw error
  }
}

function mustEqual(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Violation(`Differs: ${what}\n  ${show(actual)}\n  ${show(expected)}`)
}

function print(statistics: readonly Statistics[]): void {
  const row = (...cells: (string | number)[]) =>
    console.log(
      cells.map((cell, index) => (index === 0 ? String(cell).padEnd(24) : String(cell).padStart(12))).join(''),
    )
  row('parser', 'calls', 'returned', 'refused', 'slowest ms')
  for (const [index, { calls, accepted, slowestMilliseconds }] of statistics.entries()) {
    row(targets[index]?.name ?? '', calls, accepted, calls - accepted, slowestMilliseconds.toFixed(2))
  }
}
