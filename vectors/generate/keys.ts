// Public test keys. Every private key here is printed in an RFC; none of them may ever protect anything.

import type { JsonWebKey } from 'node:crypto'
import { createECDH, createPrivateKey } from 'node:crypto'
import { base64url, fromBase64url, sha256, toBytes, toInteger } from './encoding.ts'

/** A JWK as it stands in a proof or a file. */
export type Jwk = Readonly<Record<string, unknown>>

/** A key that can sign: the public members as they stand in a `jwk`, and the private ones. */
export interface TestKey {
  readonly source: string
  readonly publicJwk: Jwk
  readonly privateMembers: Readonly<Record<string, string>>
}

/** RFC 9421 appendix B.1.3: the key of nearly every proof here. */
export const p256: TestKey = {
  source: 'RFC 9421, appendix B.1.3, test-key-ecc-p256',
  publicJwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA',
    y: 'Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0',
  },
  privateMembers: { d: 'UpuF81l-kOxbjf7T4mNSv0r5tN67Gim7rnf6EFpcYDs' },
}

export const otherP256: TestKey = {
  source: 'RFC 7515, appendix A.3',
  publicJwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
  privateMembers: { d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' },
}

/** The key of RFC 6979's own examples, with which the generator tests its ECDSA. */
export const rfc6979P256: TestKey = {
  source: 'RFC 6979, appendix A.2.5',
  publicJwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y',
    y: 'eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk',
  },
  privateMembers: { d: 'ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE' },
}

export const p384: TestKey = {
  source: 'RFC 6979, appendix A.2.6',
  publicJwk: {
    kty: 'EC',
    crv: 'P-384',
    x: '7DpOQVtOGaRWhhgCn0J_pdqai8SukuAuBqrlKGswDGTe-PDqkFWGYGSiVFFUgLwT',
    y: 'gBXZty19VyROqO-awMYhiWcIpZNn-d-59UyoSz8cnbEoiyMcOuDU_nNE_SUzJkcg',
  },
  privateMembers: { d: 'a509rS4bjBwFsZh1tmWfTeI8O2Z78pe6mqR3QHhxN9iW1XJOTHCoJfhyyepg0u31' },
}

export const p521: TestKey = {
  source: 'RFC 7520, section 3.2',
  publicJwk: {
    kty: 'EC',
    crv: 'P-521',
    x: 'AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt',
    y: 'AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1',
  },
  privateMembers: { d: 'AAhRON2r9cqXX1hg-RoI6R1tX5p2rUAYdmpHZoC1XNM56KtscrX6zbKipQrCW9CGZH3T4ubpnoTKLDYJ_fF3_rJt' },
}

export const ed25519: TestKey = {
  source: 'RFC 9421, appendix B.1.4, test-key-ed25519',
  publicJwk: { kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' },
  privateMembers: { d: 'n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU' },
}

export const otherEd25519: TestKey = {
  source: 'RFC 8037, appendix A.1',
  publicJwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  privateMembers: { d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' },
}

export const rsa2048: TestKey = rsaKey('RFC 7515, appendix A.2', {
  n:
    'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS' +
    '-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2' +
    'CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9' +
    'gb54h4FRWyuXpoQ',
  d:
    'Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO' +
    '-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBj' +
    'udU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU9' +
    '1p1DhOVRuOopznQ',
  p: '4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc',
  q: 'uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc',
})

/** Too short for any signature today. */
export const rsa1024: TestKey = rsaKey('RFC 8463, appendix A.1 (the RSA key of RFC 6376, appendix C)', {
  n: '5B5TkKAU81kYhrOVejaT94nWOlpNPGuaoXUesMuW3Tim9oy0ImPydeiWItEL8f28mMwjW91vdctxbrQAg388EPwQv3v_LgbAkfss9S8Y_jy-pR76jCqzN6xuIbLU-UI7xzvT86MWclWC8wXzthHgtyKdxvtpK8jkyCk_pfyuMN0',
  d: 'H0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZezHorimOaChRL2it47iuWxzxSiRMv4c-j70GiWdxXnxe4UoE',
  p: '8yQf9FOfFu0WcunpxlY9pFhe99gqFhWVs4tRYnLnawRaMut0MHKMKaAmsyrb2RjDZT1pwu8f-qPBnLkntIGtsQ',
  q: '8C7PipPm1_1fTRQvj1o_dDmZp243044ZNyxjg-_OPN0oWCbXIGxyWvmZbXriOWoSALJTjExEgraHEgnXssuk7Q',
})

/** The P-256 key whose private key is the smallest integer that gives `x` a first octet of zero. */
export const leadingZeroP256: TestKey = keyWithLeadingZero()

/** Public keys whose private half no RFC prints. */
export const publicOnly = {
  rfc9449: {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
  },
  rfc7638: {
    kty: 'RSA',
    n:
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3' +
      'oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA' +
      'ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-' +
      'kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  },
  rfc9421Pss: {
    kty: 'RSA',
    n:
      'r4tmm3r20Wd_PbqvP1s2-QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct-Lh1GH45x28Rw3Ry53mm-oAXjyQ86OnDkZ5N8lYbggD4O' +
      '3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL-Wokqltd11nqqzi-bJ9cvSKADYdUAAN5WUtzd' +
      'piy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d-nb4bnNkQVklLQ3fVAvJm-xdDOp9LCNCN48V2pnDO' +
      'kFV6-U9nV5oyc6XI2w',
    e: 'AQAB',
  },
} as const satisfies Record<string, Jwk>

/** The text that RFC 7638 hashes: the required members of a key in lexicographic order. */
export function thumbprintInput(jwk: Jwk): string {
  const required = { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'], OKP: ['crv', 'kty', 'x'] }
  const names = (required as Record<string, string[]>)[String(jwk['kty'])] ?? ['alg', 'kty', 'pub']
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])))
}

/** The SHA-256 thumbprint of a key. */
export function thumbprint(jwk: Jwk): string {
  return base64url(sha256(thumbprintInput(jwk)))
}

/** The private JWK of a key, as `node:crypto` imports it. */
export function privateKeyObject(key: TestKey) {
  return createPrivateKey({ key: { ...key.publicJwk, ...key.privateMembers } as JsonWebKey, format: 'jwk' })
}

function rsaKey(source: string, { n, d, p, q }: { n: string; d: string; p: string; q: string }): TestKey {
  const [privateExponent, first, second] = [d, p, q].map((member) => toInteger(fromBase64url(member))) as [
    bigint,
    bigint,
    bigint,
  ]
  const length = fromBase64url(p).length
  const member = (value: bigint) => base64url(toBytes(value, length))
  return {
    source,
    publicJwk: { kty: 'RSA', n, e: 'AQAB' },
    privateMembers: {
      d,
      p,
      q,
      dp: member(privateExponent % (first - 1n)),
      dq: member(privateExponent % (second - 1n)),
      qi: member(power(second, first - 2n, first)),
    },
  }
}

/** Modular exponentiation. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let square = base % modulus, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus) {
    if (rest & 1n) result = (result * square) % modulus
  }
  return result
}

function keyWithLeadingZero(): TestKey {
  const ecdh = createECDH('prime256v1')
  for (let d = 1n; ; d++) {
    ecdh.setPrivateKey(toBytes(d, 32))
    const point = ecdh.getPublicKey()
    if (point[1] !== 0) continue
    const publicJwk = { kty: 'EC', crv: 'P-256', x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33)) }
    const source = `P-256 with the private key ${d}, the smallest whose x begins with a zero octet`
    return { source, publicJwk, privateMembers: { d: base64url(toBytes(d, 32)) } }
  }
}
