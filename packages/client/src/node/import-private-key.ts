// A private key as people have it, in a file, an environment variable or a secret store, made into one that cannot be exported.

import type { KeyObject } from 'node:crypto'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { AlgorithmEntry, JwsAlgorithm, PublicJwk } from '@countersign/shared'
import {
  algorithmOf,
  checkOptionNames,
  invalidOption,
  jwkFits,
  jwsAlgorithms,
  limits,
  publicMembersOf,
  thumbprint,
  webCryptoParameters,
} from '@countersign/shared'
import { createSigner } from '../keys/key-pair.ts'
import type { Signer } from '../keys/signer.ts'
import { DER, derSequence } from './der.ts'
import { keyFault } from './key-faults.ts'
import type { EncodedKey } from './key-text.ts'
import { findKey } from './key-text.ts'

/** Options of {@link importPrivateKey}. */
export interface ImportPrivateKeyOptions {
  /** The algorithm to sign with. Default: the one that the key is for. Required for an RSA key that names none, since it fits several. */
  readonly algorithm?: JwsAlgorithm
  /** What an encrypted key is encrypted with. Default: none. */
  readonly passphrase?: string
  /** The key identifier. Default: that of the JWK, else the thumbprint of the key (RFC 7638). */
  readonly kid?: string
}

/**
 * A private key that signs and cannot be exported: a `Signer` for `createClient({ signer })`, and a `ClientKey` for
 * `clientCredentials({ key })`.
 */
export interface ImportedKey extends Signer {
  /** The private key. It is not extractable. */
  readonly key: CryptoKey
  /** The key identifier that client assertions name. */
  readonly kid: string
}

const OPTION_NAMES: readonly (keyof ImportPrivateKeyOptions)[] = ['algorithm', 'passphrase', 'kid']

/** Algorithms by curve as Node names it, and by key type where that is all there is. */
const ALGORITHM_OF: Readonly<Record<string, JwsAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
  ed25519: 'Ed25519',
  'ml-dsa-44': 'ML-DSA-44',
  'ml-dsa-65': 'ML-DSA-65',
  'ml-dsa-87': 'ML-DSA-87',
}
const PSS_OF_HASH: Readonly<Record<string, JwsAlgorithm>> = { sha256: 'PS256', sha384: 'PS384', sha512: 'PS512' }
const JWK_TYPES = ['EC', 'RSA', 'OKP', 'AKP']
const AGREEMENT_CURVES = ['X25519', 'X448']

/**
 * Imports a private key so that it cannot be exported again.
 *
 * Takes PEM (PKCS#8, also encrypted; SEC 1; PKCS#1), DER of the same, a private JWK as an object or as JSON, and base64 of any of them. Of
 * a text, it undoes what environment variables and secret stores do: quotation marks, line breaks that are written `\n` or were replaced
 * by spaces or lost. What it was given stays where it is: forget it.
 *
 * Does not check whether anybody knows the public key, nor when the key expires.
 *
 * @param input - The key itself, not the path of a file.
 * @throws {CountersignError} `ERR_OPTION_INVALID` with parameter `key` and a `reason` (docs/keys.md lists them), or with parameter
 *   `algorithm` for one that the key is not for; `ERR_OPTION_UNKNOWN`. None has anything of the key in it.
 * @example
 * const key = await importPrivateKey(process.env.PARTNER_KEY)
 * createClient({ resource: 'https://api.example.com', token: clientCredentials({ clientId: 'partner-7', key }) })
 */
export async function importPrivateKey(
  input: string | Uint8Array | JsonWebKey | undefined,
  options: ImportPrivateKeyOptions = {},
): Promise<ImportedKey> {
  checkOptions(options)
  const encoded = encodedKey(input)
  const jwk = encoded.form === 'jwk' ? checkJwk(encoded.jwk) : undefined
  const { key: privateKey, allowed } = withoutRestriction(read(encoded, options.passphrase))
  const entry = algorithmFor(privateKey, jwk, options.algorithm, allowed)
  const key = toCryptoKey(privateKey, entry, false, 'sign')
  const publicKey = toCryptoKey(createPublicKey(privateKey), entry, true, 'verify')
  const signer = await createSigner({ privateKey: key, publicKey }, entry.alg)
  if (jwk !== undefined && !isSameKey(signer.publicJwk, publicMembersOf(jwk, entry))) throw keyFault('mismatch')
  if (!(await verifies(signer, publicKey, entry))) throw keyFault('mismatch')
  const kid = options.kid ?? (jwk?.['kid'] as string | undefined) ?? (await thumbprint(signer.publicJwk))
  return { ...signer, key, kid }
}

function checkOptions(options: ImportPrivateKeyOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  const { algorithm, passphrase, kid } = options
  if (algorithm !== undefined && algorithmOf(algorithm) === undefined)
    throw invalidOption('algorithm', 'an asymmetric JWS algorithm, such as "PS256"')
  if (passphrase !== undefined && typeof passphrase !== 'string') throw invalidOption('passphrase', 'a string')
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) throw invalidOption('kid', 'a string')
}

function encodedKey(input: unknown): EncodedKey {
  if (input === undefined || input === null) throw keyFault('empty')
  if (typeof input === 'string' || input instanceof Uint8Array) return findKey(input)
  // A CryptoKey or KeyObject is none that has to be imported, and an array none at all.
  const isPlain = typeof input === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(input))
  if (!isPlain) throw keyFault('type')
  return { form: 'jwk', jwk: { ...input } }
}

/** Says what is wrong with a JWK before the platform does, which would say it of its values. */
function checkJwk(jwk: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { kty, crv, d, priv, k, keys, use, key_ops: operations, alg, kid } = jwk
  if (keys !== undefined) throw keyFault('jwk_set')
  if (kty === 'oct' || k !== undefined) throw keyFault('symmetric')
  if (!JWK_TYPES.includes(kty as string)) throw keyFault('unknown')
  if (d === undefined && priv === undefined) throw keyFault('public')
  if (AGREEMENT_CURVES.includes(crv as string)) throw keyFault('key_agreement')
  if ((kty === 'EC' || kty === 'OKP') && !jwsAlgorithms.some((name) => algorithmOf(name)?.crv === crv))
    throw keyFault('curve')
  if (use !== undefined && use !== 'sig') throw keyFault('usage')
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('sign'))) throw keyFault('usage')
  const entry = algorithmOf(alg)
  if (alg !== undefined && (entry === undefined || !jwkFits(jwk, entry))) throw keyFault('alg')
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) throw keyFault('import')
  return jwk
}

/** Reads a key with Node's own parsers. What they say of it is not passed on: it may quote the key. */
function read(encoded: EncodedKey, passphrase: string | undefined): KeyObject {
  const isEncrypted = encoded.form === 'pem' || (encoded.form !== 'jwk' && encoded.encrypted)
  if (isEncrypted && (passphrase === undefined || passphrase === '')) throw keyFault('passphrase_missing')
  const secret = isEncrypted && passphrase !== undefined ? { passphrase } : {}
  try {
    if (encoded.form === 'jwk') return createPrivateKey({ key: { ...encoded.jwk }, format: 'jwk' })
    if (encoded.form === 'pem') return createPrivateKey({ key: encoded.pem, format: 'pem', ...secret })
    return createPrivateKey({ key: Buffer.from(encoded.der), format: 'der', type: encoded.form, ...secret })
  } catch (error) {
    if (!isEncrypted) throw keyFault('import')
    throw keyFault(/UNSUPPORTED/i.test(String((error as { code?: unknown }).code)) ? 'encryption' : 'passphrase_wrong')
  }
}

/**
 * An RSA key that is for PSS only, as a plain one beside the algorithms that it may be used with: WebCrypto does not import the restricted
 * form, whose inner key is the plain form (RFC 8017 appendix A.2.3).
 */
function withoutRestriction(key: KeyObject): { readonly key: KeyObject; readonly allowed?: readonly JwsAlgorithm[] } {
  if (key.asymmetricKeyType !== 'rsa-pss') return { key }
  const inner = derSequence(key.export({ format: 'der', type: 'pkcs8' }))?.find(({ tag }) => tag === DER.octetString)
  const plain = createPrivateKey({ key: Buffer.from(inner?.content ?? []), format: 'der', type: 'pkcs1' })
  const hash = key.asymmetricKeyDetails?.hashAlgorithm
  const ofHash = Object.entries(PSS_OF_HASH).filter(([name]) => hash === undefined || hash === name)
  return { key: plain, allowed: ofHash.map(([, algorithm]) => algorithm) }
}

function algorithmFor(
  key: KeyObject,
  jwk: Readonly<Record<string, unknown>> | undefined,
  wanted: JwsAlgorithm | undefined,
  allowed: readonly JwsAlgorithm[] = jwsAlgorithms,
): AlgorithmEntry {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: { namedCurve, modulusLength = 0 } = {} } = key
  if (type === 'x25519' || type === 'x448' || type === 'dh') throw keyFault('key_agreement')
  if (type === 'dsa') throw keyFault('dsa')
  const isRsa = type === 'rsa'
  const { MIN_RSA_MODULUS_BITS: fewest, MAX_RSA_MODULUS_BITS: most } = limits
  if (isRsa && (modulusLength < fewest || modulusLength > most)) throw keyFault('size')
  const natural = isRsa ? undefined : algorithmOf(ALGORITHM_OF[type === 'ec' ? (namedCurve ?? '') : type])
  if (!isRsa && natural === undefined) throw keyFault('curve')
  const only = allowed.length === 1 ? allowed[0] : undefined
  const entry = algorithmOf(wanted ?? jwk?.['alg'] ?? only) ?? natural
  if (entry === undefined) throw keyFault('alg')
  // Two algorithms are of one key type if all they ask of a key is the same: EdDSA and Ed25519 are.
  const isOfType = isRsa
    ? entry.kty === 'RSA'
    : entry.alg === natural?.alg || (entry.crv !== undefined && entry.crv === natural?.crv)
  if (!isOfType || !allowed.includes(entry.alg) || (jwk !== undefined && !jwkFits(jwk, entry)))
    throw invalidOption('algorithm', 'one that the key is for')
  return entry
}

function toCryptoKey(key: KeyObject, entry: AlgorithmEntry, extractable: boolean, usage: KeyUsage): CryptoKey {
  try {
    return key.toCryptoKey(webCryptoParameters(entry).keyParameters as unknown as Algorithm, extractable, [
      usage,
    ]) as CryptoKey
  } catch {
    throw keyFault('import')
  }
}

/** Whether two public keys are one: libraries differ in the leading zeros that they write. */
function isSameKey(key: PublicJwk, stated: PublicJwk | undefined): boolean {
  const significant = (value: string) =>
    Buffer.from(value, 'base64url')
      .toString('hex')
      .replace(/^(?:00)+/, '')
  return Object.entries(key).every(([member, value]) => {
    const other = (stated as Readonly<Record<string, string>> | undefined)?.[member] ?? ''
    return value === other || significant(value) === significant(other)
  })
}

/** Whether what a key signs verifies with its public key: a JWK has both, and they may be of two keys. */
async function verifies(signer: Signer, publicKey: CryptoKey, algorithm: AlgorithmEntry): Promise<boolean> {
  const { signParameters } = webCryptoParameters(algorithm)
  const data = new TextEncoder().encode('countersign')
  try {
    const signature = (await signer.sign(data)) as Uint8Array<ArrayBuffer>
    return await crypto.subtle.verify(signParameters, publicKey, signature, data)
  } catch {
    return false
  }
}
