// The JSON Schema of all files.

type Schema = Readonly<Record<string, unknown>>

const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const string: Schema = { type: 'string' }
const code = (...names: string[]): Schema => ({ enum: names })

/** An object that has these members and no others; all are required but the optional ones. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

/** A vector that is valid and has a result, or is refused and has none. */
function vector(
  input: Readonly<Record<string, Schema>>,
  expect: Schema,
  result: Readonly<Record<string, Schema>> = {},
  optional: readonly string[] = [],
): Schema {
  const common = { id: ref('id'), comment: ref('comment'), rfc: ref('rfc'), flags: ref('flags') }
  return object({ ...common, ...input, expect, ...result }, optional)
}

function file(
  kind: string,
  vectors: Schema,
  settings?: Readonly<Record<string, Schema>>,
  server?: Readonly<Record<string, Schema>>,
): Schema {
  return object({
    $schema: { const: './schema.json' },
    kind: { const: kind },
    description: string,
    notes: { type: 'object', additionalProperties: string },
    ...(settings !== undefined && { settings: object(settings) }),
    ...(server !== undefined && { server: object(server) }),
    vectors: { type: 'array', minItems: 1, items: vectors },
  })
}

const number: Schema = { type: 'integer', minimum: 1 }
const algorithms: Schema = { type: 'array', items: string, minItems: 1, uniqueItems: true }
const valid: Schema = { const: 'valid' }
const octets: Schema = { type: 'string', pattern: '^([0-9a-f]{2})*$' }
const thumbprint: Schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' }
const parameters: Schema = { type: 'object', additionalProperties: string }
const challenge = object({ scheme: string, token68: string, parameters }, ['token68'])
const anything: Schema = {}

const proofCodes = [
  'ERR_DPOP_PROOF_TOO_LARGE',
  'ERR_DPOP_PROOF_MALFORMED',
  'ERR_DPOP_PROOF_TYP',
  'ERR_DPOP_PROOF_ALG',
  'ERR_DPOP_PROOF_CRIT',
  'ERR_DPOP_PROOF_JWK',
  'ERR_DPOP_PROOF_CLAIM_MISSING',
  'ERR_DPOP_PROOF_CLAIM_INVALID',
  'ERR_DPOP_PROOF_HTM_MISMATCH',
  'ERR_DPOP_PROOF_HTU_MISMATCH',
  'ERR_DPOP_PROOF_EXPIRED',
  'ERR_DPOP_PROOF_NOT_YET_VALID',
  'ERR_DPOP_PROOF_ATH_MISMATCH',
  'ERR_DPOP_PROOF_SIGNATURE',
  'ERR_DPOP_NONCE_REQUIRED',
  'ERR_DPOP_NONCE_INVALID',
  'ERR_TOKEN_BINDING_MISMATCH',
]

const envelopeCodes = [
  'ERR_ENVELOPE_DUPLICATE',
  'ERR_ENVELOPE_TOO_LARGE',
  'ERR_ENVELOPE_MALFORMED',
  'ERR_ENVELOPE_TYP',
  'ERR_ENVELOPE_CRIT',
  'ERR_ENVELOPE_ALG',
  'ERR_ENVELOPE_JWK',
  'ERR_ENVELOPE_KID_MISMATCH',
  'ERR_ENVELOPE_PARAMETER_MISSING',
  'ERR_ENVELOPE_PARAMETER_INVALID',
  'ERR_ENVELOPE_HTM_MISMATCH',
  'ERR_ENVELOPE_URI_MISMATCH',
  'ERR_ENVELOPE_CTY_MISMATCH',
  'ERR_ENVELOPE_EXPIRED',
  'ERR_ENVELOPE_NOT_YET_VALID',
  'ERR_ENVELOPE_ATH_MISMATCH',
  'ERR_ENVELOPE_SIGNATURE',
  'ERR_ENVELOPE_CONTENT_MISMATCH',
  'ERR_DPOP_NONCE_REQUIRED',
  'ERR_DPOP_NONCE_INVALID',
  'ERR_TOKEN_BINDING_MISMATCH',
]

const sealedCodes = [
  'ERR_ENVELOPE_SEAL_INVALID',
  'ERR_ENVELOPE_SEAL_KEY_UNKNOWN',
  'ERR_ENVELOPE_SEAL_UNOPENED',
  ...envelopeCodes.filter((name) => name !== 'ERR_ENVELOPE_DUPLICATE'),
]

const answerCodes = ['ERR_ENVELOPE_ANSWER_INVALID', 'ERR_ENVELOPE_ANSWER_MISMATCH', 'ERR_ENVELOPE_ANSWER_SIGNATURE']

/** An envelope beside its content is valid without result; one that is the content results in what it held. */
function envelopes(trust: Readonly<Record<string, Schema>>): Schema[] {
  const request = object({ method: string, uri: string, contentType: string, content: string }, [
    'contentType',
    'content',
  ])
  const input = (carrier: string) => ({
    nowSeconds: { type: 'integer', minimum: 0 },
    ...trust,
    carrier: { const: carrier },
    request,
    accessToken: string,
    nonce: string,
    allowedAlgorithms: algorithms,
    envelope: string,
  })
  const optional = ['allowedAlgorithms']
  return [
    vector(input('field'), code('valid', ...envelopeCodes), {}, optional),
    vector(input('content'), code(...envelopeCodes), {}, optional),
    vector(input('content'), valid, { content: string, contentType: string }, optional),
  ]
}

/** An envelope that is sealed is the content, and results in what it held. */
function sealedEnvelopes(): Schema[] {
  const input = {
    nowSeconds: { type: 'integer', minimum: 0 },
    request: object({ method: string, uri: string, contentType: string }),
    accessToken: string,
    jkt: string,
    nonce: string,
    envelope: string,
  }
  return [
    vector(input, code(...sealedCodes)),
    vector(input, valid, { content: string, contentType: string, jws: string }),
  ]
}

const keySet = { type: 'array', minItems: 1, items: parameters }
const fieldLines: Schema = { type: 'array', items: { type: 'array', items: string, minItems: 2 } }

const comparisons: Schema = {
  oneOf: [
    vector({ a: string, b: string }, code('equal', 'different')),
    vector({ uri: string }, code('ERR_HTU_INVALID')),
  ],
}

const files = {
  base64url: file('base64url', {
    oneOf: [vector({ text: string }, valid, { hex: octets }), vector({ text: string }, code('ERR_BASE64URL_INVALID'))],
  }),
  json: file(
    'json',
    {
      oneOf: [
        vector({ text: string, type: code('any') }, valid, { value: anything }, ['value']),
        vector({ text: string, type: code('any', 'object') }, code('ERR_JSON_INVALID')),
        vector({ bytes: string, type: code('any') }, code('ERR_JSON_INVALID')),
      ],
    },
    { maxDepth: number, maxBytes: number },
  ),
  jwk: file(
    'jwk',
    {
      oneOf: [
        vector({ jwk: { type: 'object' }, algorithm: string }, valid, { publicJwk: parameters, thumbprint }, [
          'algorithm',
        ]),
        vector({ jwk: anything, algorithm: string }, code('ERR_JWK_INVALID'), {}, ['algorithm']),
      ],
    },
    { minRsaModulusBits: number, maxRsaModulusBits: number, maxRsaExponentBytes: number },
  ),
  thumbprint: file('thumbprint', vector({ jwk: { type: 'object' } }, valid, { input: string, thumbprint })),
  ath: file('ath', vector({ accessToken: string, ath: string }, code('valid', 'ERR_DPOP_PROOF_ATH_MISMATCH'))),
  htu: file('htu', comparisons, { maxUriLength: number }),
  'target-uri': file('target-uri', comparisons, { maxUriLength: number }),
  challenges: file(
    'challenges',
    {
      oneOf: [
        vector({ field: string }, valid, { challenges: { type: 'array', items: challenge } }),
        vector({ field: string }, code('ERR_CHALLENGE_INVALID')),
      ],
    },
    { maxChallengeLength: number },
  ),
  'dpop-proof': file(
    'dpop-proof',
    vector(
      {
        nowSeconds: { type: 'integer', minimum: 0 },
        request: object({ method: string, uri: string }),
        accessToken: string,
        jkt: string,
        nonce: string,
        allowedAlgorithms: algorithms,
        proof: string,
      },
      code('valid', ...proofCodes),
      {},
      ['allowedAlgorithms'],
    ),
    {
      allowedAlgorithms: algorithms,
      maxAgeSeconds: number,
      maxFutureSeconds: number,
      maxProofLength: number,
      maxJtiLength: number,
    },
    {
      issuerJwks: object({ keys: { type: 'array', minItems: 1, items: parameters } }),
      nonceSecret: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
    },
  ),
  envelope: file(
    'envelope',
    { oneOf: [...envelopes({ jkt: string }), ...envelopes({ profile: { const: 'gnap' }, key: { type: 'object' } })] },
    {
      allowedAlgorithms: algorithms,
      maxAgeSeconds: number,
      maxFutureSeconds: number,
      maxDetachedJwsLength: number,
      maxHeaderLength: number,
      maxUriLength: number,
      maxJtiLength: number,
      maxNonceLength: number,
      maxCtyLength: number,
      maxCreatedSeconds: number,
    },
  ),
  'jwe-envelope': file(
    'jwe-envelope',
    { oneOf: sealedEnvelopes() },
    { allowedAlgorithms: algorithms, maxAgeSeconds: number, maxFutureSeconds: number, maxSealHeaderLength: number },
    { keys: keySet },
  ),
  'answer-jws': file(
    'answer-jws',
    vector(
      {
        method: string,
        envelope: string,
        response: object({ status: number, fields: fieldLines, content: string }, ['content']),
        answer: string,
      },
      code('valid', ...answerCodes),
    ),
    { allowedAlgorithms: algorithms, maxAnswerLength: number, maxCreatedSeconds: number },
    { keys: keySet },
  ),
}

/** `schema.json` */
export const schema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A file of Countersign test vectors',
  oneOf: Object.keys(files).map(ref),
  $defs: {
    id: { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' },
    comment: { type: 'string', minLength: 1 },
    rfc: {
      type: 'array',
      items: { type: 'string', pattern: '^[0-9]{3,5}#(section|appendix)-[0-9A-Z]+(\\.[0-9]+)*$' },
      minItems: 1,
      uniqueItems: true,
    },
    flags: { type: 'array', items: { type: 'string', pattern: '^[a-z0-9-]+$' }, uniqueItems: true },
    ...files,
  },
}
