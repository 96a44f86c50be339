// Envelopes that were not made by these generators: the examples of spec/request-envelope.md, key proofs of RFC 9635 by
// the Ed25519 key of RFC 9421, and the two that RFC 9635 prints, whose typ is not that of its text.

import { RFC9449_TOKEN } from './ath.ts'
import { base64url } from './encoding.ts'
import type { Flag } from './envelope-recipe.ts'
import { CONTENT, gnapKey, JSON_TYPE } from './envelope-recipe.ts'
import type { Jwk } from './keys.ts'
import { ed25519, thumbprint } from './keys.ts'
import { NONCE } from './proof.ts'
import type { Expectation, Vector } from './vector.ts'
import { vector } from './vector.ts'

export const DETACHED_EXAMPLE =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzZCIsImFsZyI6IkVkMjU1MTkiLCJraWQiOiJwb3FrTEdpeW1oX1cwdVA2UFpGdy1kdmV6M1FKVDVTb2' +
  'xxWEJDVzM4cjBVIiwiandrIjp7Imt0eSI6Ik9LUCIsImNydiI6IkVkMjU1MTkiLCJ4IjoiSnJRTGo1UF84OWlYRVM5LXZGZ3JJeTI5Y2xGOUND' +
  'X29QUHN3M2M1RDBicyJ9LCJodG0iOiJQT1NUIiwidXJpIjoiaHR0cHM6Ly9zZXJ2ZXIuZXhhbXBsZS5jb20vb3JkZXJzP3g9MSIsImNyZWF0ZW' +
  'QiOjE3MDAwMDAwMDAsImF0aCI6ImZVSHlPMnIyWjNEWjUzRXNOcldCYjB4V1hvYU55NTlJaUtDQXFrc21RRW8iLCJqdGkiOiJhMWIyYzNkNC1l' +
  'NWY2LTRhN2ItOGM5ZC0wZTFmMmEzYjRjNWQiLCJub25jZSI6ImV5SjdTX3pHLmV5SkgwLVouSFg0dy03diIsImN0eSI6ImFwcGxpY2F0aW9uL2' +
  'pzb24ifQ.X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE.sN86J_zMRWN3iocTtNr3nH4p5FjvMEGCbFXUSZfwKtWbWEk89cksTU0CX' +
  'NgD5Zc0rF-MLhHdm5iG5Y7oNdpMAg'
export const ATTACHED_EXAMPLE =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzIiwiYWxnIjoiRWQyNTUxOSIsImtpZCI6InBvcWtMR2l5bWhfVzB1UDZQWkZ3LWR2ZXozUUpUNVNvbH' +
  'FYQkNXMzhyMFUiLCJqd2siOnsia3R5IjoiT0tQIiwiY3J2IjoiRWQyNTUxOSIsIngiOiJKclFMajVQXzg5aVhFUzktdkZnckl5MjljbEY5Q0Nf' +
  'b1BQc3czYzVEMGJzIn0sImh0bSI6IlBPU1QiLCJ1cmkiOiJodHRwczovL3NlcnZlci5leGFtcGxlLmNvbS9vcmRlcnM_eD0xIiwiY3JlYXRlZC' +
  'I6MTcwMDAwMDAwMCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyIsImp0aSI6IjBmOWU4ZDdjLTZi' +
  'NWEtNGMzZC05ZTJmLTFhMGI5YzhkN2U2ZiIsIm5vbmNlIjoiZXlKN1NfekcuZXlKSDAtWi5IWDR3LTd2IiwiY3R5IjoiYXBwbGljYXRpb24van' +
  'NvbiJ9.eyJoZWxsbyI6ICJ3b3JsZCJ9.q9oUZ2VK9-V1nbs5pCBFHA2WslylsWiZK4huNud2udzDXSYzKvH4yV6lrju8rhQaSXuDboq-ARPUEH' +
  'dg0DRODw'
/** `jwsd`, POST with content, no token. */
const G1 =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzZCIsImFsZyI6IkVkRFNBIiwia2lkIjoidGVzdC1rZXktZWQyNTUxOSIsImh0bSI6IlBPU1QiLCJ1cm' +
  'kiOiJodHRwczovL3NlcnZlci5leGFtcGxlLmNvbS9nbmFwP3g9MSIsImNyZWF0ZWQiOjE3MDAwMDAwMDB9.X48E9qOokqqrvdts8nOJRJN3OWD' +
  'UoyWxBf7kbu9DBPE.VEf91fCGNtyZ0PnZ-MnstYFMGvqATG9gWwG9r5Z_RZmZN0QhX6Dn7u-JOpB8YviN_j856ztNLivf6qS3KT36DQ'
/** `jwsd`, GET, with a token. */
const G2 =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzZCIsImFsZyI6IkVkRFNBIiwia2lkIjoidGVzdC1rZXktZWQyNTUxOSIsImh0bSI6IkdFVCIsInVyaS' +
  'I6Imh0dHBzOi8vcmVzb3VyY2UuZXhhbXBsZS5vcmcvcHJvdGVjdGVkcmVzb3VyY2UiLCJjcmVhdGVkIjoxNzAwMDAwMDAwLCJhdGgiOiJmVUh5' +
  'TzJyMlozRFo1M0VzTnJXQmIweFdYb2FOeTU5SWlLQ0Fxa3NtUUVvIn0..jWhCocx14Em6n-hrF0YzFRgi8RyuxP_pEBi5OKoQmWMWNiQFk6pld' +
  'mevuri9IhotDvEX1q-jP3l6a4cxslZ2Dg'
/** `jws`, POST with content, no token. */
const G3 =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzIiwiYWxnIjoiRWREU0EiLCJraWQiOiJ0ZXN0LWtleS1lZDI1NTE5IiwiaHRtIjoiUE9TVCIsInVyaS' +
  'I6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL2duYXA_eD0xIiwiY3JlYXRlZCI6MTcwMDAwMDAwMH0.eyJoZWxsbyI6ICJ3b3JsZCJ9.xvQ' +
  'bB66NTzb0E92tc7gMPG2PNQ39t-BBa7-wY7u5JF5yGspzl93PhHVrHrZ5CLpww0qBcgMcZN4yHElxsg43Cg'
/** `jws`, GET, with a token. */
const G4 =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzIiwiYWxnIjoiRWREU0EiLCJraWQiOiJ0ZXN0LWtleS1lZDI1NTE5IiwiaHRtIjoiR0VUIiwidXJpIj' +
  'oiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImNyZWF0ZWQiOjE3MDAwMDAwMDAsImF0aCI6ImZVSHlP' +
  'MnIyWjNEWjUzRXNOcldCYjB4V1hvYU55NTlJaUtDQXFrc21RRW8ifQ..oWSloGT7B59Tgy2pWPX7Tn0CgjBIM3ZSVVYQOT5cOOSowyKwKFeP7H' +
  'NKTFFFQyCQBvOvJXgQXHvrucEHGBfQAQ'
/** The key of the examples of RFC 9635. */
const rfc9635Key: Jwk = {
  kid: 'gnap-rsa',
  kty: 'RSA',
  e: 'AQAB',
  alg: 'RS256',
  n:
    'hYOJ-XOKISdMMShn_G4W9m20mT0VWtQBsmBBkI2cmRt4Ai8BfYdHsFzAtYKOjpBR1RpKpJmVKxIGNy0g6Z3ad2XYsh8KowlyVy8IkZ8NMwSrcU' +
    'IBZGYXjHpwjzvfGvXH_5KJlnR3_uRUp4Z4Ujk2bCaKegDn11V2vxE41hqaPUnhRZxe0jRETddzsE3mu1SK8dTCROjwUl14mUNo8iTrTm4n0qDa' +
    'dz8BkPo-uv4BC0bunS0K3bA_3UgVp7zBlQFoFnLTO2uWp_muLEWGl67gBq9MO3brKXfGhi3kOzywzwPTuq-cVQDyEN7aL0SxCb3Hc4IdqDaMg8' +
    'qHUyObpPitDQ',
}
const RFC9635_DETACHED =
  'eyJhbGciOiJSUzI1NiIsImNyZWF0ZWQiOjE2MTg4ODQ0NzUsImh0bSI6IlBPU1QiLCJraWQiOiJnbmFwLXJzYSIsInR5cCI6ImduYXAtYmluZG' +
  'luZytqd3NkIiwidXJpIjoiaHR0cHM6Ly9zZXJ2ZXIuZXhhbXBsZS5jb20vZ25hcCJ9.PGiVuOZUcN1tRtUS6tx2b4cBgw9mPgXG3IPB3wY7ctc' +
  '.fUq-SV-A1iFN2MwCRW_yolVtT2_TZA2h5YeXUoi5F2Q2iToC0Tc4drYFOSHIX68knd68RUA7yHqCVP-ZQEd6aL32H69e9zuMiw6O_s4TBKB3v' +
  'DOvwrhYtDH6fX2hP70cQoO-47OwbqP-ifkrvI3hVgMX9TfjVeKNwnhoNnw3vbu7SNKeqJEbbwZfpESaGepS52xNBlDNMYBQQXxM9OqKJaXffzL' +
  'FEl-Xe0UnfolVtBraz3aPrPy1C6a4uT7wLda3PaTOVtgysxzii3oJWpuz0WP5kRujzDFwX_EOzW0jsjCSkL-PXaKSpZgEjNjKDMg9irSxUISt1' +
  'C1T6q3SzRgfuQ'
const RFC9635_ATTACHED =
  'eyJhbGciOiJSUzI1NiIsImNyZWF0ZWQiOjE2MTg4ODQ0NzUsImh0bSI6IlBPU1QiLCJraWQiOiJnbmFwLXJzYSIsInR5cCI6ImduYXAtYmluZG' +
  'luZytqd3NkIiwidXJpIjoiaHR0cHM6Ly9zZXJ2ZXIuZXhhbXBsZS5jb20vZ25hcCJ9.CnsKICAgICJhY2Nlc3NfdG9rZW4iOiB7CiAgICAgICA' +
  'gImFjY2VzcyI6IFsKICAgICAgICAgICAgImRvbHBoaW4tbWV0YWRhdGEiCiAgICAgICAgXQogICAgfSwKICAgICJpbnRlcmFjdCI6IHsKICAgI' +
  'CAgICAic3RhcnQiOiBbInJlZGlyZWN0Il0sCiAgICAgICAgImZpbmlzaCI6IHsKICAgICAgICAgICAgIm1ldGhvZCI6ICJyZWRpcmVjdCIsCiA' +
  'gICAgICAgICAgICJ1cmkiOiAiaHR0cHM6Ly9jbGllbnQuZm9vL2NhbGxiYWNrIiwKICAgICAgICAgICAgIm5vbmNlIjogIlZKTE82QTRDQVlMQ' +
  'lhIVFIwS1JPIgogICAgICAgIH0KICAgIH0sCiAgICAiY2xpZW50IjogewogICAgICAicHJvb2YiOiAiandzIiwKICAgICAgImtleSI6IHsKICA' +
  'gICAgICAiandrIjogewogICAgICAgICAgICAia2lkIjogImduYXAtcnNhIiwKICAgICAgICAgICAgImt0eSI6ICJSU0EiLAogICAgICAgICAgI' +
  'CAiZSI6ICJBUUFCIiwKICAgICAgICAgICAgImFsZyI6ICJSUzI1NiIsCiAgICAgICAgICAgICJuIjogImhZT0otWE9LSVNkTU1TaG5fRzRXOW0' +
  'yMG1UMFZXdFFCc21CQmtJMmNtUnQ0QWk4QmZZZEhzRnpBdFlLT2pwQlIxUnBLcEptVkt4SUdOeTBnNlozYWQyWFlzaDhLb3dseVZ5OElrWjhOT' +
  'XdTcmNVSUJaR1lYakhwd2p6dmZHdlhIXzVLSmxuUjNfdVJVcDRaNFVqazJiQ2FLZWdEbjExVjJ2eEU0MWhxYVBVbmhSWnhlMGpSRVRkZHpzRTN' +
  'tdTFTSzhkVENST2p3VWwxNG1VTm84aVRyVG00bjBxRGFkejhCa1BvLXV2NEJDMGJ1blMwSzNiQV8zVWdWcDd6QmxRRm9GbkxUTzJ1V3BfbXVMR' +
  'VdHbDY3Z0JxOU1PM2JyS1hmR2hpM2tPenl3endQVHVxLWNWUUR5RU43YUwwU3hDYjNIYzRJZHFEYU1nOHFIVXlPYnBQaXREUSIKICAgICAgICB' +
  '9CiAgICAgIH0KICAgICAgImRpc3BsYXkiOiB7CiAgICAgICAgIm5hbWUiOiAiTXkgQ2xpZW50IERpc3BsYXkgTmFtZSIsCiAgICAgICAgInVya' +
  'SI6ICJodHRwczovL2NsaWVudC5mb28vIgogICAgICB9LAogICAgfSwKICAgICJzdWJqZWN0IjogewogICAgICAgICJmb3JtYXRzIjogWyJpc3N' +
  'fc3ViIiwgIm9wYXF1ZSJdCiAgICB9Cn0K.MwNoVMQp5hVxI0mCs9LlOUdFtkDXaA1_eTvOXq7DOGrtDKH7q4vP2xUq3fH2jRAZqnobo0WdPP3e' +
  'M3NH5QUjW8pa6_QpwdIWkK7r-u_52puE0lPBp7J4U2w4l9gIbg8iknsmWmXeY5F6wiGT8ptfuEYGgmloAJd9LIeNvD3ULW2h2dz1Pn2eDnbyvg' +
  'B0Ugae0BoZB4f69fKWj8Z9wvTIjk1LZJN1PcL7_zT8Lrlic9aPyzT7Q9ovkd1s-4whE7TrnGUzFc5mgWUn_gsOpsP5mIIljoEEv-FqOW2RyNYu' +
  'lOZl0Q8EnnDHV_vPzrHlUarbGg4YffgtwkQhdK72-JOxYQ'

const DETACHED = '9635#section-7.3.3'
const ATTACHED = '9635#section-7.3.4'

/** The vectors of this part. */
export function printedVectors(): Vector[] {
  return [
    printed(
      'detached',
      'The detached example of spec/request-envelope.md',
      DETACHED,
      'field',
      example,
      DETACHED_EXAMPLE,
    ),
    printed(
      'attached',
      'The attached example of spec/request-envelope.md',
      ATTACHED,
      'content',
      example,
      ATTACHED_EXAMPLE,
    ),
    printed(
      'gnap-detached',
      'A key proof of RFC 9635 with content, made without a token: no ath',
      DETACHED,
      'field',
      post,
      G1,
      NO_ATH,
    ),
    printed('gnap-detached-no-content', 'A key proof of RFC 9635 without content', DETACHED, 'field', get, G2),
    printed(
      'gnap-attached',
      'An attached key proof of RFC 9635, made without a token: no ath',
      ATTACHED,
      'content',
      post,
      G3,
      NO_ATH,
    ),
    printed(
      'gnap-attached-no-content',
      'An attached key proof of RFC 9635 without content',
      ATTACHED,
      'field',
      get,
      G4,
    ),
    printed(
      'rfc9635-detached',
      'The example of RFC 9635, section 7.3.3: its typ is not that of the text',
      DETACHED,
      'field',
      rfc9635,
      RFC9635_DETACHED,
      TYP,
    ),
    printed(
      'rfc9635-attached',
      'The example of RFC 9635, section 7.3.4: its typ is not that of the text',
      ATTACHED,
      'content',
      rfc9635,
      RFC9635_ATTACHED,
      TYP,
    ),
  ]
}

const NO_ATH = 'ERR_ENVELOPE_PARAMETER_MISSING'
const TYP = 'ERR_ENVELOPE_TYP'

/** What surrounds an envelope. */
interface Setting {
  readonly nowSeconds: number
  readonly method: string
  readonly uri: string
  readonly nonce: string
  readonly trust: Readonly<Record<string, unknown>>
  readonly flags: readonly Flag[]
  readonly allowedAlgorithms?: readonly string[]
}

const example: Setting = {
  nowSeconds: 1_700_000_000,
  method: 'POST',
  uri: 'https://server.example.com/orders?x=1',
  nonce: NONCE,
  trust: { jkt: thumbprint(ed25519.publicJwk) },
  flags: ['printed'],
}

const gnap = { nowSeconds: 1_700_000_000, nonce: 'off', trust: { key: gnapKey }, flags: ['printed', 'gnap'] } as const
const post: Setting = { ...gnap, method: 'POST', uri: 'https://server.example.com/gnap?x=1' }
const get: Setting = { ...gnap, method: 'GET', uri: 'https://resource.example.org/protectedresource' }
const rfc9635: Setting = {
  ...gnap,
  nowSeconds: 1_618_884_475,
  method: 'POST',
  uri: 'https://server.example.com/gnap',
  trust: { key: rfc9635Key },
  allowedAlgorithms: ['RS256'],
}

function printed(
  id: string,
  comment: string,
  rfc: string,
  carrier: 'field' | 'content',
  { nowSeconds, method, uri, nonce, trust, flags, allowedAlgorithms }: Setting,
  envelope: string,
  expect: Expectation = 'valid',
): Vector {
  const json = { contentType: JSON_TYPE, content: base64url(CONTENT) }
  const fields = carrier === 'content' ? { contentType: 'application/jose' } : method === 'POST' ? json : {}
  const input = {
    nowSeconds,
    profile: flags.includes('gnap') ? 'gnap' : undefined,
    carrier,
    request: { method, uri, ...fields },
    accessToken: RFC9449_TOKEN,
    ...trust,
    nonce,
    allowedAlgorithms,
    envelope,
  }
  const result =
    expect === 'valid' && carrier === 'content' ? { content: base64url(CONTENT), contentType: JSON_TYPE } : {}
  return vector(`envelope-printed-${id}`, comment, { rfc: [rfc], flags }, input, expect, result)
}
