// Request envelopes as a resource server verifies them: spec/request-envelope.md, "Verification", steps 3 to 8.

import { contentVectors } from './envelope-content.ts'
import { encodingVectors } from './envelope-encoding.ts'
import { gnapVectors } from './envelope-gnap.ts'
import { headerVectors } from './envelope-header.ts'
import { parameterVectors } from './envelope-parameters.ts'
import { printedVectors } from './envelope-printed.ts'
import type { Flag } from './envelope-recipe.ts'
import { checkSignature, notes, settings } from './envelope-recipe.ts'
import type { VectorFile } from './vector.ts'

/** `envelope.json` */
export async function makeEnvelopeFile(): Promise<VectorFile> {
  const groups = [
    printedVectors(),
    headerVectors(),
    parameterVectors(),
    contentVectors(),
    encodingVectors(),
    gnapVectors(),
  ]
  const vectors = (await Promise.all(groups)).flat()
  for (const vector of vectors) {
    if (vector.expect === 'valid' || vector.flags.includes('printed')) await checkSignature(vector)
  }
  const used = new Set(vectors.flatMap((vector) => vector.flags))
  return {
    kind: 'envelope',
    description:
      'Verify `envelope`, which arrived at `nowSeconds` in the `Detached-JWS` field (`carrier` "field") or as the content ' +
      '("content") of `request`, which carries `accessToken` with a `jkt` confirmation. `content` is base64url. With `nonce` ' +
      '"off" `created` is compared with the clock; otherwise the envelope must have that nonce. `profile` "gnap" reads plain ' +
      'key proofs of RFC 9635 by `key`. `allowedAlgorithms` stands in the place of the setting of that name.',
    notes: Object.fromEntries(Object.entries(notes).filter(([flag]) => used.has(flag as Flag))),
    settings,
    vectors,
  }
}
