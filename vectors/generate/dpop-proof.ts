// DPoP proofs as a resource server verifies them: RFC 9449 section 4.3.

import type { Flag } from './proof.ts'
import { checkSignature, notes, settings } from './proof.ts'
import { claimVectors } from './proof-claims.ts'
import { encodingVectors } from './proof-encoding.ts'
import { headerVectors } from './proof-header.ts'
import { printedVectors } from './proof-printed.ts'
import { checkAccessToken, issuerJwks, nonceSecret } from './proof-server.ts'
import { signatureVectors } from './proof-signature.ts'
import type { VectorFile } from './vector.ts'

/** `dpop-proof.json` */
export async function makeDPoPProofFile(): Promise<VectorFile> {
  const groups = [printedVectors(), headerVectors(), claimVectors(), encodingVectors(), signatureVectors()]
  const vectors = (await Promise.all(groups)).flat()
  for (const vector of vectors) if (vector.expect === 'valid') await checkSignature(vector)
  const jwts = vectors.filter(({ flags }) => !flags.includes('opaque-token')).map((vector) => vector['accessToken'])
  for (const accessToken of new Set(jwts)) await checkAccessToken(String(accessToken))
  const used = new Set(vectors.flatMap((vector) => vector.flags))
  return {
    kind: 'dpop-proof',
    description:
      'Verify `proof`, the value of the DPoP field of `request`, which carries `accessToken` with a `jkt` confirmation, at ' +
      '`nowSeconds`. With `nonce` "off" the age of the proof is checked; otherwise the proof must have that nonce, and its age ' +
      'is not checked. `allowedAlgorithms` stands in the place of the setting of that name.',
    notes: Object.fromEntries(Object.entries(notes).filter(([flag]) => used.has(flag as Flag))),
    settings,
    server: { issuerJwks, nonceSecret },
    vectors,
  }
}
