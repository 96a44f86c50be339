// What the tests of this package share: fixed public keys, one valid proof, and the assertion on a refusal.

import { expect } from 'vitest'
import type { ErrorCode } from '../src/error-table.ts'
import { CountersignError, isCountersignError } from '../src/errors.ts'

/** What a refusal must say. A `reason` that is not named here must be absent; a `parameter` that is not named is not compared. */
export interface Refusal {
  readonly code: ErrorCode
  readonly reason?: string
  readonly parameter?: string
}

/** Asserts that a call throws a {@link CountersignError} with this code and reason, and returns it. */
export function expectRefusal(call: () => unknown, { code, reason, parameter }: Refusal): CountersignError {
  const error = failureOf(call)
  expect({ code: error.code, reason: error.reason }).toEqual({ code, reason })
  if (parameter !== undefined) expect(error.parameter).toBe(parameter)
  return error
}

function failureOf(call: () => unknown): CountersignError {
  let value: unknown
  try {
    value = call()
  } catch (error) {
    expect(error).toBeInstanceOf(CountersignError)
    if (!isCountersignError(error)) throw error
    return error
  }
  return expect.fail(`Returned ${JSON.stringify(value)} where a refusal was expected`)
}

/** The key of RFC 9449. */
export const ecJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
  y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
} as const

/** The key of RFC 7638, section 3.1. */
export const rsaJwk = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
} as const

/** The key of RFC 8037, appendix A.2. */
export const okpJwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } as const

/** A key of the right length; whether it verifies anything is not this package's question. */
export const akpJwk = { kty: 'AKP', alg: 'ML-DSA-44', pub: 'A'.repeat(1750) } as const

/** The proof of RFC 9449, section 7.1. */
export const rfcProof = [
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19',
  'eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9',
  '2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA',
].join('.')

/** The claims of {@link rfcProof}. */
export const rfcClaims = {
  jti: 'e1j3V_bKic8-LAEB',
  htm: 'GET',
  htu: 'https://resource.example.org/protectedresource',
  iat: 1_562_262_618,
  ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
} as const
