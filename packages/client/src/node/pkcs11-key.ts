// Keys in a token: how one is found or generated, what its public half is, and whether it could ever have left.

import { ECDH, randomBytes } from 'node:crypto'
import type { AlgorithmEntry, JwsAlgorithm, PublicJwk } from '@countersign/shared'
import { algorithmOf, CountersignError, jwsAlgorithms, limits, readPublicJwk } from '@countersign/shared'
import type { Attribute, Handle, KeyPair, PKCS11 } from 'pkcs11js'
import { DER, derElements } from './der.ts'
import * as CK from './pkcs11-constants.ts'
import { keyUnavailable, returnValueOf } from './pkcs11-errors.ts'

/** By what a key is found. Where both are given, both must fit. */
export interface KeySelector {
  readonly label?: string
  readonly id?: Uint8Array
}

/** A session of a token. */
export interface TokenSession {
  readonly library: PKCS11
  readonly handle: Handle
}

/** A private key in a token, beside its public half. */
export interface TokenKey {
  readonly privateKey: Handle
  readonly entry: AlgorithmEntry
  readonly publicJwk: PublicJwk
  /** Whether each signature needs the PIN (`CKA_ALWAYS_AUTHENTICATE`), as the signature key of a PIV card does. */
  readonly needsPin: boolean
}

/** The curves that there are algorithms for, as a token names them: object identifiers, and for Ed25519 the name that v3.0 added. */
const CURVES: readonly { readonly crv: string; readonly params: readonly string[]; readonly name?: string }[] = [
  { crv: 'P-256', params: ['06082a8648ce3d030107'], name: 'prime256v1' },
  { crv: 'P-384', params: ['06052b81040022'], name: 'secp384r1' },
  { crv: 'P-521', params: ['06052b81040023'], name: 'secp521r1' },
  { crv: 'Ed25519', params: ['06032b6570', '130c656477617264733235353139'] },
]

/** The private keys of a token that fit: of several, two. */
export function findPrivateKeys(session: TokenSession, { label, id }: KeySelector): readonly Handle[] {
  return find(session, [
    { type: CK.CKA_CLASS, value: CK.CKO_PRIVATE_KEY },
    ...(label === undefined ? [] : [{ type: CK.CKA_LABEL, value: label }]),
    ...(id === undefined ? [] : [{ type: CK.CKA_ID, value: Buffer.from(id) }]),
  ])
}

/**
 * Generates a key pair in a token. The private key is sensitive and not extractable, and may sign and nothing else. This thread waits
 * until the token has done so.
 *
 * @param modulusBits - Of an RSA key.
 */
export function generateKey(
  { library, handle }: TokenSession,
  { label, id = randomBytes(16) }: KeySelector,
  entry: AlgorithmEntry,
  modulusBits: number,
): KeyPair {
  const common: Attribute[] = [
    { type: CK.CKA_TOKEN, value: true },
    { type: CK.CKA_ID, value: Buffer.from(id) },
    ...(label === undefined ? [] : [{ type: CK.CKA_LABEL, value: label }]),
  ]
  const kind: Attribute[] =
    entry.kty === 'RSA'
      ? [
          { type: CK.CKA_MODULUS_BITS, value: modulusBits },
          { type: CK.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
        ]
      : [{ type: CK.CKA_EC_PARAMS, value: curveParams(entry) }]
  return library.C_GenerateKeyPair(
    handle,
    { mechanism: generationMechanism(entry) },
    [...common, ...kind, { type: CK.CKA_VERIFY, value: true }],
    [
      ...common,
      { type: CK.CKA_PRIVATE, value: true },
      { type: CK.CKA_SENSITIVE, value: true },
      { type: CK.CKA_EXTRACTABLE, value: false },
      { type: CK.CKA_SIGN, value: true },
      { type: CK.CKA_DECRYPT, value: false },
      { type: CK.CKA_UNWRAP, value: false },
      { type: CK.CKA_DERIVE, value: false },
    ],
  )
}

/**
 * Reads what must be known of a private key, and refuses one that may be elsewhere too.
 *
 * Does not check that the public key is that of the private key: whoever signs does.
 *
 * @param algorithm - Default: that of the key's curve.
 * @throws {CountersignError} `ERR_KEY_EXTRACTABLE`, `ERR_KEY_UNAVAILABLE` with reason `key`, `ERR_OPTION_INVALID` for an RSA key without
 *   `algorithm`.
 */
export function readKey(session: TokenSession, privateKey: Handle, algorithm: JwsAlgorithm | undefined): TokenKey {
  const flag = (type: number) => attributeOf(session, privateKey, type)?.[0]
  checkNeverLeft(flag)
  if (flag(CK.CKA_SIGN) !== 1) throw keyUnavailable('key', 'The key in the token may not sign')
  const publicKey = findPublicKey(session, privateKey)
  const read = (type: number) =>
    (publicKey && attributeOf(session, publicKey, type)) ?? attributeOf(session, privateKey, type)
  const jwk = publicMembers(attributeOf(session, privateKey, CK.CKA_KEY_TYPE), read)
  const fitting = jwsAlgorithms.filter((name) => fits(jwk, algorithmOf(name)))
  if (fitting.length === 0 || (algorithm !== undefined && !fitting.includes(algorithm)))
    throw keyUnavailable('key', 'The key in the token is not for the algorithm')
  const isRsa = jwk['kty'] === 'RSA'
  if (isRsa && algorithm === undefined) {
    const expected = 'set, since an RSA key fits several'
    throw new CountersignError('ERR_OPTION_INVALID', `"algorithm" must be ${expected}`, {
      parameter: 'algorithm',
      expected,
    })
  }
  const entry = algorithmOf(algorithm ?? fitting.at(-1)) as AlgorithmEntry
  try {
    const needsPin = flag(CK.CKA_ALWAYS_AUTHENTICATE) === 1
    return { privateKey, entry, publicJwk: readPublicJwk(jwk, entry), needsPin }
  } catch (cause) {
    throw keyUnavailable(
      'key',
      `The key in the token is not usable: RSA needs ${limits.MIN_RSA_MODULUS_BITS} bits`,
      cause,
    )
  }
}

/**
 * A key that was extractable once, or that was imported, may be in a file as well. `CKA_NEVER_EXTRACTABLE` is true of none of these: the
 * token sets it when it generates a key itself and clears it for good, and nobody else can set it. A key that never was extractable could
 * not be read either, so `CKA_ALWAYS_SENSITIVE` adds nothing. What a token does not say counts as the worst.
 */
function checkNeverLeft(flag: (type: number) => number | undefined): void {
  const faults = [
    [flag(CK.CKA_EXTRACTABLE) !== 0, 'extractable', 'The key can be exported from the token'],
    [flag(CK.CKA_SENSITIVE) !== 1, 'sensitive', 'The key can be read from the token'],
    [
      flag(CK.CKA_NEVER_EXTRACTABLE) !== 1,
      'history',
      'The key was not generated in the token, or was extractable once',
    ],
  ] as const
  const [, reason, message] = faults.find(([isFault]) => isFault) ?? []
  if (message !== undefined) throw new CountersignError('ERR_KEY_EXTRACTABLE', message, { parameter: 'key', reason })
}

/** The public key of the same identifier. Without one there may still be what is needed in the private key: of RSA there is. */
function findPublicKey(session: TokenSession, privateKey: Handle): Handle | undefined {
  const id = attributeOf(session, privateKey, CK.CKA_ID)
  if (id === undefined || id.length === 0) return undefined
  return find(session, [
    { type: CK.CKA_CLASS, value: CK.CKO_PUBLIC_KEY },
    { type: CK.CKA_ID, value: id },
  ])[0]
}

function publicMembers(
  keyType: Buffer | undefined,
  read: (type: number) => Buffer | undefined,
): Readonly<Record<string, string>> {
  const kind = keyType === undefined ? undefined : numberOf(keyType)
  if (kind === CK.CKK_RSA) {
    const [n, e] = [read(CK.CKA_MODULUS), read(CK.CKA_PUBLIC_EXPONENT)].map(unsigned)
    if (n === undefined || e === undefined) throw withoutPublicKey()
    return { kty: 'RSA', n, e }
  }
  if (kind !== CK.CKK_EC && kind !== CK.CKK_EC_EDWARDS)
    throw keyUnavailable('key', 'The key in the token is of another kind')
  const params = read(CK.CKA_EC_PARAMS)?.toString('hex') ?? ''
  const curve = CURVES.find((each) => each.params.includes(params))
  if (curve === undefined) throw keyUnavailable('key', 'The key in the token is on another curve')
  const encoded = read(CK.CKA_EC_POINT)
  if (encoded === undefined) throw withoutPublicKey()
  const { crv, name } = curve
  const point = pointOf(encoded)
  if (name === undefined) return { kty: 'OKP', crv, x: point.toString('base64url') }
  const [x, y] = coordinatesOf(point, name)
  return { kty: 'EC', crv, x, y }
}

function coordinatesOf(point: Buffer, curve: string): readonly [x: string, y: string] {
  let whole: Buffer
  try {
    whole = ECDH.convertKey(point, curve, undefined, undefined, 'uncompressed') as Buffer
  } catch (cause) {
    throw keyUnavailable('key', 'The public key in the token is not on its curve', cause)
  }
  const half = (whole.length - 1) / 2
  return [whole.subarray(1, 1 + half).toString('base64url'), whole.subarray(1 + half).toString('base64url')]
}

/** A point is in an OCTET STRING (v2.20), of Edwards curves also in a BIT STRING, and some modules leave both out. */
function pointOf(encoded: Buffer): Buffer {
  const [element, ...others] = derElements(encoded) ?? []
  if (element?.tag === DER.octetString && others.length === 0) return Buffer.from(element.content)
  if (element?.tag === DER.bitString && others.length === 0) return Buffer.from(element.content.subarray(1))
  return encoded
}

function withoutPublicKey(): CountersignError {
  return keyUnavailable('key', 'The token has no public key beside the private key, of the same CKA_ID')
}

function fits(jwk: Readonly<Record<string, string>>, entry: AlgorithmEntry | undefined): boolean {
  return entry?.kty === jwk['kty'] && (entry?.crv === undefined || entry.crv === jwk['crv'])
}

function generationMechanism({ kty }: AlgorithmEntry): number {
  if (kty === 'RSA') return CK.CKM_RSA_PKCS_KEY_PAIR_GEN
  return kty === 'EC' ? CK.CKM_EC_KEY_PAIR_GEN : CK.CKM_EC_EDWARDS_KEY_PAIR_GEN
}

function curveParams({ crv }: AlgorithmEntry): Buffer {
  return Buffer.from(CURVES.find((curve) => curve.crv === crv)?.params[0] ?? '', 'hex')
}

function find({ library, handle }: TokenSession, template: Attribute[]): Handle[] {
  library.C_FindObjectsInit(handle, template)
  try {
    return library.C_FindObjects(handle, 2)
  } finally {
    library.C_FindObjectsFinal(handle)
  }
}

/** An attribute of an object; `undefined` where the object has none, or does not show it. */
function attributeOf({ library, handle }: TokenSession, object: Handle, type: number): Buffer | undefined {
  try {
    const [attribute] = library.C_GetAttributeValue(handle, object, [{ type }])
    return attribute?.value as Buffer | undefined
  } catch (error) {
    const absent = ['CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE']
    if (absent.includes(returnValueOf(error))) return undefined
    throw error
  }
}

/** A `CK_ULONG`, in the byte order of the machine and as long as it has it. Numbers of this file are small and not negative. */
function numberOf(bytes: Buffer): number {
  const big = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0
  const ordered = big ? bytes : Buffer.from(bytes).reverse()
  return ordered.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** A Base64urlUInt (RFC 7518 section 2): without leading zeros. */
function unsigned(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString('base64url')
}
