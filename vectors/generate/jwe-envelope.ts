// Sealed envelopes as a resource server opens and verifies them: spec/request-envelope.md, "Verification", steps 3 to 8.

import { RFC9449_TOKEN } from './ath.ts'
import { base64url } from './encoding.ts'
import { ATTACHED_EXAMPLE } from './envelope-printed.ts'
import { CONTENT, JSON_TYPE } from './envelope-recipe.ts'
import { ed25519, thumbprint } from './keys.ts'
import { NONCE } from './proof.ts'
import { sealedContentVectors } from './sealed-content.ts'
import { sealedHeaderVectors } from './sealed-header.ts'
import { notes, sealEnvelope, serverKeys, settings } from './sealed-recipe.ts'
import { shapeVectors } from './sealed-shape.ts'
import type { Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

/** `jwe-envelope.json` */
export async function makeSealedFile(): Promise<VectorFile> {
  const groups = [sealedContentVectors(), shapeVectors(), sealedHeaderVectors()]
  return {
    kind: 'jwe-envelope',
    description:
      'Open `envelope`, which arrived as the content of `request`, with the private keys of `server`, and verify what was in it as ' +
      'in envelope.json: at `nowSeconds`, with `accessToken` and a `jkt` confirmation. `jws` is the envelope that was sealed, ' +
      '`content`, in base64url, and `contentType` are what the application sees.',
    notes,
    settings,
    server: { keys: serverKeys },
    vectors: [example(), ...(await Promise.all(groups)).flat()],
  }
}

/** The attached example of the specification, sealed under the header that it prints. */
function example(): Vector {
  const input = {
    nowSeconds: 1_700_000_000,
    request: { method: 'POST', uri: 'https://server.example.com/orders?x=1', contentType: 'application/jose' },
    accessToken: RFC9449_TOKEN,
    jkt: thumbprint(ed25519.publicJwk),
    nonce: NONCE,
    envelope: sealEnvelope('example', ATTACHED_EXAMPLE),
  }
  const common = { rfc: ['7516#section-5.1', '7518#appendix-C'], flags: ['example'] }
  const comment = 'The attached example of spec/request-envelope.md under the header printed there'
  const result = { content: base64url(CONTENT), contentType: JSON_TYPE, jws: ATTACHED_EXAMPLE }
  return vector('sealed-example', comment, common, input, 'valid', result)
}
