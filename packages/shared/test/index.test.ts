// The public surface of the package: a change here is a change for its users.

import { expect, it } from 'vitest'
import * as shared from '../src/index.ts'

it('exports exactly these values', () => {
  expect(Object.keys(shared).sort()).toEqual([
    'CountersignError',
    'DPOP_PROOF_TYP',
    'PROBLEM_MEDIA_TYPE',
    'algorithmOf',
    'computeAth',
    'decodeBase64url',
    'decodeBase64urlToBinary',
    'decodeDPoPProof',
    'decodeDPoPProofClaims',
    'decodeDPoPProofHeader',
    'decodeDPoPProofSignature',
    'decodeJsonSegment',
    'decodeSignatureSegment',
    'encodeBase64url',
    'encodeDPoPProofClaims',
    'encodeDPoPProofHeader',
    'encodeJsonSegment',
    'errorDocumentation',
    'errorTable',
    'formatChallenges',
    'isBase64url',
    'isCountersignError',
    'isJsonObject',
    'isNonce',
    'jwkFits',
    'jwsAlgorithms',
    'limits',
    'normalizeHtu',
    'parseChallenges',
    'parseJson',
    'parseJsonBytes',
    'parseJsonObject',
    'readPublicJwk',
    'secureUrl',
    'splitCompactJws',
    'splitDPoPProof',
    'thumbprint',
    'thumbprintInput',
  ])
})

it('exports these limits', () => {
  expect(Object.keys(shared.limits).sort()).toEqual([
    'MAX_CHALLENGE_LENGTH',
    'MAX_HOST_LENGTH',
    'MAX_JSON_DEPTH',
    'MAX_JSON_LENGTH',
    'MAX_JTI_LENGTH',
    'MAX_NONCE_LENGTH',
    'MAX_PROOF_LENGTH',
    'MAX_RSA_EXPONENT_BYTES',
    'MAX_RSA_MODULUS_BITS',
    'MAX_TOKEN_LENGTH',
    'MAX_URI_LENGTH',
    'MIN_RSA_MODULUS_BITS',
  ])
})
