// Proofs that were not made by these generators: that of RFC 9449, and three by the Ed25519 key of RFC 9421.

import { JWT_TOKEN, RFC9449_TOKEN } from './ath.ts'
import { ed25519, publicOnly, thumbprint } from './keys.ts'
import type { Vector } from './vector.ts'
import { vector } from './vector.ts'

const HEADER_RFC9449 =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19'
const HEADER_EDDSA =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkRFNBIiwiandrIjp7Imt0eSI6Ik9LUCIsImNydiI6IkVkMjU1MTkiLCJ4IjoiSnJRTGo1UF84OWlYRVM5LXZGZ3JJeTI5Y2xGOUNDX29QUHN3M2M1RDBicyJ9fQ'
const HEADER_ED25519 =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkMjU1MTkiLCJqd2siOnsia3R5IjoiT0tQIiwiY3J2IjoiRWQyNTUxOSIsIngiOiJKclFMajVQXzg5aVhFUzktdkZnckl5MjljbEY5Q0Nfb1BQc3czYzVEMGJzIn19'
const PAYLOAD_RFC9449 =
  'eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9'
const PAYLOAD_NONCE =
  'eyJqdGkiOiJhMWIyYzNkNC1lNWY2LTRhN2ItOGM5ZC0wZTFmMmEzYjRjNWQiLCJodG0iOiJQT1NUIiwiaHR1IjoiaHR0cHM6Ly9hcGkuZXhhbXBsZS5jb20vb3JkZXJzIiwiaWF0IjoxNzAwMDAwMDAwLCJhdGgiOiJmVUh5TzJyMlozRFo1M0VzTnJXQmIweFdYb2FOeTU5SWlLQ0Fxa3NtUUVvIiwibm9uY2UiOiJuLTBTNl9XekEyTWoifQ'
const PAYLOAD_JWT =
  'eyJqdGkiOiJwZi0wMDAxIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9hcGkuZXhhbXBsZS5jb20vb3JkZXJzIiwiaWF0IjoxNzAwMDAwMDAwLCJhdGgiOiJES29kalByMU1PTEpnZ0c1eURuWVVWQlktQkFZUUJKc1hOZUpCNGRwZlpRIn0'

/** The vectors of this part. */
export async function printedVectors(): Promise<Vector[]> {
  const rfc9449 = {
    nowSeconds: 1_562_262_618,
    request: { method: 'GET', uri: 'https://resource.example.org/protectedresource' },
    accessToken: RFC9449_TOKEN,
    jkt: thumbprint(publicOnly.rfc9449),
    nonce: 'off',
  }
  const common = { rfc: ['9449#section-7.1'], flags: ['printed', 'opaque-token'] }
  const jkt = thumbprint(ed25519.publicJwk)
  const uri = 'https://api.example.com/orders'
  return [
    vector(
      'dpop-printed-rfc9449',
      'The proof of RFC 9449, section 7.1, with its token',
      common,
      {
        ...rfc9449,
        proof: `${HEADER_RFC9449}.${PAYLOAD_RFC9449}.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA`,
      },
      'valid',
    ),
    vector(
      'dpop-printed-eddsa',
      'The claims of RFC 9449 by the Ed25519 key of RFC 9421, alg EdDSA',
      common,
      {
        ...rfc9449,
        jkt,
        proof: `${HEADER_EDDSA}.${PAYLOAD_RFC9449}.cYNreBCocaSoNZLuMQe1AYBfrYGrBOCEb1Tziw0NfLswFMGTPpqgxok58prgLoz03xagsFVfFCv9LchOdQeZAg`,
      },
      'valid',
    ),
    vector(
      'dpop-printed-ed25519-nonce',
      'A proof with alg Ed25519 and a nonce',
      { rfc: ['9449#section-9', '9864#section-2.2'], flags: ['printed', 'opaque-token'] },
      {
        nowSeconds: 1_700_000_000,
        request: { method: 'POST', uri },
        accessToken: RFC9449_TOKEN,
        jkt,
        nonce: 'n-0S6_WzA2Mj',
        proof: `${HEADER_ED25519}.${PAYLOAD_NONCE}.Fu1TEONYSCiWgX3UD8SfQMSgEf6jPtsERW1O2vhQvXwWrTsI5uSDc4eheukoAWc-pMyKI5atmAnYRk3La5yTCQ`,
      },
      'valid',
    ),
    vector(
      'dpop-printed-jwt-token',
      'A proof for a JWT access token, whose aud has a slash at its end',
      { ...common, flags: ['printed'] },
      {
        nowSeconds: 1_700_000_000,
        request: { method: 'GET', uri },
        accessToken: JWT_TOKEN,
        jkt,
        nonce: 'off',
        proof: `${HEADER_EDDSA}.${PAYLOAD_JWT}.eAxrUsCHq0fvcg1SrVClWwu02TCF3q9875tiJ6aJkVt3aZxGUwbiDmMQq5tmW3eoLBrAh-hhGNg9BMJGB9XiCQ`,
      },
      'valid',
    ),
  ]
}
