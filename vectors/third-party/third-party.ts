// Reads the third-party vectors and what is expected of them. Shares no code with the packages.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const folder = import.meta.dirname

/** A JWK as it is printed, private members included. */
export type Jwk = Readonly<Record<string, unknown>>

interface Entry {
  readonly id: string
  readonly comment: string
}

/** A key that the source calls a JWK. */
export interface KeyVector extends Entry {
  readonly jwk: Jwk
}

/** A JWS and whether its source calls it valid. */
export interface JwsVector extends Entry {
  /** The `id` of its key. */
  readonly key: string
  readonly result: 'valid' | 'invalid'
  readonly jws: string
}

/** A signature of a text that is no JWS. */
export interface SignatureVector extends Entry {
  readonly key: string
  readonly alg: string
  /** ASCII. */
  readonly signed: string
  /** Base64. */
  readonly signature: string
}

/** A thumbprint with SHA-256. */
export interface ThumbprintVector {
  readonly id: string
  readonly key: string
  readonly thumbprint: string
}

/** A DPoP proof. */
export interface ProofVector extends Entry {
  readonly key: string
  readonly claims: Jwk
  readonly accessToken?: string
  readonly proof: string
}

/** Octets and their base64url. */
export interface Base64urlVector {
  readonly id: string
  readonly hex: string
  readonly text: string
}

interface RfcFile {
  readonly base64url?: readonly Base64urlVector[]
  readonly keys?: readonly KeyVector[]
  readonly jws?: readonly JwsVector[]
  readonly signatures?: readonly SignatureVector[]
  readonly thumbprints?: readonly ThumbprintVector[]
  readonly proofs?: readonly ProofVector[]
}

/** Vectors on which we deliberately differ from their source, for one reason. */
export interface Departure<Id> {
  readonly vectors: readonly Id[]
  /** What happens instead of what the source says. */
  readonly outcome: string
  readonly reason: string
}

/** What is expected of one Wycheproof file. */
export interface WycheproofExpectation {
  /** How many vectors the file had when the departures were written down. */
  readonly count: number
  readonly departures: readonly Departure<number>[]
}

/** What is expected where it is not what the source says. */
export interface Expectations {
  readonly rfc: readonly Departure<string>[]
  readonly wycheproof: {
    readonly commit: string
    readonly files: Readonly<Record<string, WycheproofExpectation>>
  }
}

/** `expectations.json` */
export const expectations = readJson(path.join(folder, 'expectations.json')) as Expectations

const rfcFiles = readdirSync(path.join(folder, 'rfc'))
  .sort()
  .map((name) => readJson(path.join(folder, 'rfc', name)) as RfcFile)

/** The vectors of all RFCs, by kind. */
export const rfc = {
  base64url: rfcFiles.flatMap(({ base64url = [] }) => base64url),
  keys: rfcFiles.flatMap(({ keys = [] }) => keys),
  jws: rfcFiles.flatMap(({ jws = [] }) => jws),
  signatures: rfcFiles.flatMap(({ signatures = [] }) => signatures),
  thumbprints: rfcFiles.flatMap(({ thumbprints = [] }) => thumbprints),
  proofs: rfcFiles.flatMap(({ proofs = [] }) => proofs),
}

/** Every id of the RFC vectors. */
export const rfcIds: readonly string[] = Object.values(rfc).flatMap((vectors) => vectors.map(({ id }) => id))

const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'alg', 'use', 'key_ops', 'kid']

/** The public members of a key of an RFC. */
export function publicHalfOf(id: string): Jwk {
  const key = rfc.keys.find((vector) => vector.id === id)
  if (key === undefined) throw new Error(`There is no key ${id}`)
  return Object.fromEntries(Object.entries(key.jwk).filter(([name]) => PUBLIC_MEMBERS.includes(name)))
}

/** What must come of an RFC vector: the departure if there is one, else `result`. */
export function expectedOutcome(id: string, result: 'valid' | 'invalid'): string {
  return expectations.rfc.find(({ vectors }) => vectors.includes(id))?.outcome ?? result
}

/** The folder of Wycheproof's JSON files (`testvectors_v1` of its repository), if one is named. */
export const wycheproofFolder = process.env['COUNTERSIGN_WYCHEPROOF']

/** A vector of Wycheproof with its group. */
export interface WycheproofVector {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly group: Jwk
  readonly [member: string]: unknown
}

/** Reads a file of Wycheproof, by its name without `_test.json`. Fails if there is none. */
export function readWycheproof(name: string): WycheproofVector[] {
  const { testGroups } = readJson(path.join(wycheproofFolder ?? '', `${name}_test.json`)) as {
    testGroups: (Jwk & { tests: Omit<WycheproofVector, 'group'>[] })[]
  }
  return testGroups.flatMap(({ tests, ...group }) => tests.map((vector) => ({ ...vector, group }) as WycheproofVector))
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
