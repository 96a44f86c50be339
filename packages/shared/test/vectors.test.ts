// The language-neutral vectors of `vectors/`, sent through the shared functions: each must give the result or the exact code it names.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Challenge } from '@countersign/shared'
import {
  algorithmOf,
  CountersignError,
  computeAth,
  decodeAnswer,
  decodeBase64url,
  encodeBase64url,
  errorTable,
  formatChallenges,
  isBase64url,
  isJsonObject,
  limits,
  normalizeHtu,
  normalizeTargetUri,
  parseChallenges,
  parseJsonBytes,
  parseJsonObject,
  readPublicJwk,
  thumbprint,
  thumbprintInput,
} from '@countersign/shared'
import type { JWK } from 'jose'
import { compactDecrypt, compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { referenceOpenSeal } from './reference-open-seal.ts'
import type { Verification } from './reference-verify.ts'
import { referenceVerify } from './reference-verify.ts'
import type { AnswerVerification } from './reference-verify-answer.ts'
import { referenceVerifyAnswer } from './reference-verify-answer.ts'
import type { EnvelopeVerification } from './reference-verify-envelope.ts'
import { referenceVerifyEnvelope } from './reference-verify-envelope.ts'
import type { Kind, Vector } from './vector-files.ts'
import { holds, kinds, readJson, readVectors, vectorsFolder } from './vector-files.ts'

/** Runs every vector of a kind; `run` returns the result of a valid one and throws for the others. */
function suite<Member>(kind: Kind, run: (vector: Vector & Member) => unknown): void {
  describe(kind, () => {
    test.each(readVectors<Member>(kind).vectors.map((vector) => [vector.id, vector] as const))(
      '%s',
      async (_, vector) => {
        expect(await outcome(() => run(vector))).toBe(vector.expect)
      },
    )
  })
}

/** `valid`, the verdict that was returned, or the code that was thrown. Every other error is a failure of its own. */
async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return (await run()) ?? 'valid'
  } catch (error) {
    if (error instanceof CountersignError) return error.code
    throw error
  }
}

suite<{ text: string; hex?: string }>('base64url', ({ text, hex, expect: expected }) => {
  expect(isBase64url(text)).toBe(expected === 'valid')
  const bytes = decodeBase64url(text)
  expect(Buffer.from(bytes).toString('hex')).toBe(hex)
  expect(encodeBase64url(bytes)).toBe(text)
})

suite<{ text?: string; bytes?: string; type: 'any' | 'object'; value?: unknown }>('json', (vector) => {
  const bytes = vector.text === undefined ? Buffer.from(vector.bytes as string, 'base64url') : Buffer.from(vector.text)
  const value = vector.type === 'object' ? parseJsonObject(bytes.toString()) : parseJsonBytes(bytes)
  if (Object.hasOwn(vector, 'value')) expect(canonical(value)).toBe(canonical(vector.value))
  if (isJsonObject(value)) expect(Object.getPrototypeOf(value)).toBeNull()
})

suite<{ jwk: unknown; algorithm?: string; publicJwk?: unknown; thumbprint?: string }>('jwk', async (vector) => {
  const algorithm = algorithmOf(vector.algorithm)
  expect(algorithm?.alg).toBe(vector.algorithm)
  const publicJwk = readPublicJwk(vector.jwk, algorithm)
  expect(publicJwk).toEqual(vector.publicJwk)
  expect(await thumbprint(publicJwk)).toBe(vector.thumbprint)
})

suite<{ jwk: unknown; input: string; thumbprint: string }>('thumbprint', async (vector) => {
  const publicJwk = readPublicJwk(vector.jwk)
  expect(thumbprintInput(publicJwk)).toBe(vector.input)
  expect(await thumbprint(publicJwk)).toBe(vector.thumbprint)
})

suite<{ accessToken: string; ath: string }>('ath', async ({ accessToken, ath }) => {
  if ((await computeAth(accessToken)) !== ath) throw new CountersignError('ERR_DPOP_PROOF_ATH_MISMATCH', 'Another ath')
})

for (const [kind, normalize] of [
  ['htu', normalizeHtu],
  ['target-uri', normalizeTargetUri],
] as const) {
  suite<{ a?: string; b?: string; uri?: string }>(kind, ({ a, b, uri }) => {
    if (uri !== undefined) return normalize(uri)
    const [first, second] = [normalize(a as string), normalize(b as string)]
    expect(normalize(first)).toBe(first)
    expect(normalize(second)).toBe(second)
    return first === second ? 'equal' : 'different'
  })
}

suite<{ field: string; challenges?: Challenge[] }>('challenges', ({ field, challenges }) => {
  const parsed = parseChallenges(field)
  expect(canonical(parsed)).toBe(canonical(challenges))
  expect(canonical(parseChallenges(formatChallenges(parsed)))).toBe(canonical(challenges))
})

const { settings } = readVectors('dpop-proof')
suite<Verification>('dpop-proof', (vector) => referenceVerify({ ...(settings as unknown as Verification), ...vector }))

const { settings: envelopeSettings } = readVectors('envelope')
suite<EnvelopeVerification & { content?: string; contentType?: string }>('envelope', async (vector) => {
  const { content, contentType, ...verification } = vector
  const opened = await referenceVerifyEnvelope({
    ...(envelopeSettings as unknown as EnvelopeVerification),
    ...verification,
  })
  expect(opened?.content === undefined ? undefined : encodeBase64url(opened.content)).toBe(content)
  expect(opened?.contentType).toBe(contentType)
})

const { settings: sealSettings, server: sealServer } = readVectors('jwe-envelope')
const sealKeys = sealServer['keys'] as JWK[]
type SealedVector = EnvelopeVerification & { content?: string; contentType?: string; jws?: string }
suite<SealedVector>('jwe-envelope', async (vector) => {
  const { content, contentType, jws, ...verification } = vector
  const envelope = await referenceOpenSeal(vector.envelope, sealKeys)
  if (jws !== undefined) expect(envelope).toBe(jws)
  const opened = await referenceVerifyEnvelope({
    ...(sealSettings as unknown as EnvelopeVerification),
    ...{ ...verification, carrier: 'content', envelope },
  })
  expect(opened?.content === undefined ? undefined : encodeBase64url(opened.content)).toBe(content)
  expect(opened?.contentType).toBe(contentType)
})

const { settings: answerSettings, server: answerServer } = readVectors('answer-jws')
const answerKeys = answerServer['keys'] as JWK[]
suite<AnswerVerification>('answer-jws', (vector) =>
  referenceVerifyAnswer({ ...(answerSettings as unknown as AnswerVerification), ...vector, keys: answerKeys as [] }))

describe('jose', () => {
  const valid = <Member>(kind: Kind) =>
    readVectors<Member>(kind)
      .vectors.filter((vector) => vector.expect === 'valid')
      .map((vector) => [vector.id, vector] as const)

  test.each(valid<{ envelope: string; jws: string }>('jwe-envelope'))('opens %s', async (_, { envelope, jws }) => {
    const kid = decodeProtectedHeader(envelope)['kid']
    const key = sealKeys.find((each) => each.kid === kid) as JWK
    const { plaintext, protectedHeader } = await compactDecrypt(envelope, await importJWK(key, key.alg))
    expect(new TextDecoder().decode(plaintext)).toBe(jws)
    expect(protectedHeader).toMatchObject({ alg: key.alg, enc: 'A256GCM', cty: 'jose' })
  })

  test.each(valid<{ answer: string }>('answer-jws'))('verifies %s', async (_, { answer }) => {
    const kid = decodeProtectedHeader(answer)['kid']
    const key = answerKeys.find((each) => each.kid === kid) as JWK
    const { payload, protectedHeader } = await compactVerify(answer, await importJWK(key, key.alg))
    expect(payload).toHaveLength(0)
    expect({ ...decodeAnswer(answer).header }).toMatchObject(
      definedOf(protectedHeader, ['alg', 'kid', 'status', 'req']),
    )
  })
})

/** The members of these names. */
function definedOf(object: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)))
}

/** JSON with the members of objects in order, in which `__proto__` is a member like any other. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .sort()
    .join()}}`
}

describe('the files', () => {
  const files = kinds.map((kind) => [kind, readVectors<object>(kind)] as const)

  test('are what their generators write', async () => {
    await promisify(execFile)(process.execPath, [path.join(vectorsFolder, 'generate/main.ts'), '--check'])
  })

  test.each(kinds)('%s.json is as schema.json says', (kind) => {
    const schema = readJson('schema.json') as Readonly<Record<string, unknown>>
    expect(holds(readJson(`${kind}.json`), schema)).toBe(true)
    const [first] = readVectors<object>(kind).vectors
    expect(holds({ ...(readJson(`${kind}.json`) as object), vectors: [{ ...first, expect: 'maybe' }] }, schema)).toBe(
      false,
    )
  })

  test('have unique ids that begin with their kind', () => {
    const ids = files.flatMap(([, { vectors }]) => vectors.map(({ id }) => id))
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    for (const [kind, { vectors }] of files) {
      const prefixes: Partial<Record<Kind, string>> = {
        ...{ challenges: 'challenge-', 'dpop-proof': 'dpop-', 'jwe-envelope': 'sealed-', 'answer-jws': 'answer-' },
      }
      const prefix = prefixes[kind] ?? `${kind}-`
      expect(vectors.filter(({ id }) => !id.startsWith(prefix))).toEqual([])
    }
  })

  test.each(files)('%s.json has a note for each flag, and no other', (_, { notes, vectors }) => {
    expect(new Set(vectors.flatMap(({ flags }) => flags))).toEqual(new Set(Object.keys(notes)))
  })

  test('name codes that exist', () => {
    const codes = new Set(['valid', 'equal', 'different', ...Object.keys(errorTable)])
    for (const [, { vectors }] of files) for (const vector of vectors) expect(codes).toContain(vector.expect)
  })

  test('hold as many vectors as their coverage needs', () => {
    const counts = Object.fromEntries(files.map(([kind, { vectors }]) => [kind, vectors.length]))
    expect(counts['htu']).toBeGreaterThanOrEqual(120)
    expect(counts['challenges']).toBeGreaterThanOrEqual(60)
    expect(counts['dpop-proof']).toBeGreaterThanOrEqual(150)
    expect(counts['envelope']).toBeGreaterThanOrEqual(200)
    expect(counts['jwe-envelope']).toBeGreaterThanOrEqual(140)
    expect(counts['answer-jws']).toBeGreaterThanOrEqual(180)
    expect(counts['target-uri']).toBeGreaterThanOrEqual(60)
  })

  test('are made for the limits in force', () => {
    expect(readVectors('json').settings).toEqual({ maxDepth: limits.MAX_JSON_DEPTH, maxBytes: limits.MAX_JSON_LENGTH })
    expect(readVectors('htu').settings).toEqual({ maxUriLength: limits.MAX_URI_LENGTH })
    expect(readVectors('target-uri').settings).toEqual({ maxUriLength: limits.MAX_URI_LENGTH })
    expect(readVectors('challenges').settings).toEqual({ maxChallengeLength: limits.MAX_CHALLENGE_LENGTH })
    expect(readVectors('jwk').settings).toEqual({
      minRsaModulusBits: limits.MIN_RSA_MODULUS_BITS,
      maxRsaModulusBits: limits.MAX_RSA_MODULUS_BITS,
      maxRsaExponentBytes: limits.MAX_RSA_EXPONENT_BYTES,
    })
    expect(settings).toMatchObject({ maxProofLength: limits.MAX_PROOF_LENGTH, maxJtiLength: limits.MAX_JTI_LENGTH })
    expect(envelopeSettings).toMatchObject({
      maxDetachedJwsLength: limits.MAX_DETACHED_JWS_LENGTH,
      maxHeaderLength: limits.MAX_ENVELOPE_HEADER_LENGTH,
      maxUriLength: limits.MAX_URI_LENGTH,
      maxJtiLength: limits.MAX_JTI_LENGTH,
      maxNonceLength: limits.MAX_NONCE_LENGTH,
      maxCtyLength: limits.MAX_CTY_LENGTH,
      maxCreatedSeconds: limits.MAX_CREATED_SECONDS,
    })
    expect(sealSettings).toMatchObject({ maxSealHeaderLength: limits.MAX_SEAL_HEADER_LENGTH })
    expect(answerSettings).toMatchObject({
      maxAnswerLength: limits.MAX_ANSWER_LENGTH,
      maxCreatedSeconds: limits.MAX_CREATED_SECONDS,
    })
  })

  test('begin, for envelopes, with the examples of their specification', () => {
    const specification = readFileSync(path.join(vectorsFolder, '../spec/request-envelope.md'), 'utf8')
    const [detached, attached] = readVectors<{ envelope: string }>('envelope').vectors
    expect(specification).toContain(`\nDetached-JWS: ${detached?.envelope}\n`)
    expect(specification).toContain(`\n\n${attached?.envelope}\n`)
    const [sealed] = readVectors<{ envelope: string; jws: string }>('jwe-envelope').vectors
    expect(sealed?.jws).toBe(attached?.envelope)
    const printed = specification.replaceAll(/\n +/g, '')
    expect(printed).toContain(`\n${Buffer.from(sealed?.envelope.split('.')[0] ?? '', 'base64url')}\n`)
    const [answer] = readVectors<{ answer: string }>('answer-jws').vectors
    expect(specification).toContain(`\nAnswer-JWS: ${answer?.answer}\n`)
  })
})
