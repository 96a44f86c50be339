// The options of a PKCS#11 signer, and what they may be.

import type { JwsAlgorithm } from '@countersign/shared'
import { checkOptionNames, invalidOption, limits } from '@countersign/shared'
import type { KeySelector } from './pkcs11-key.ts'
import { pkcs11Algorithms } from './pkcs11-mechanisms.ts'

/** Options of {@link createPkcs11Signer}. */
export interface Pkcs11SignerOptions {
  /** Path of the PKCS#11 library of the security module, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string
  /** The token that has the key: by its label, by its serial number, or by the number (CK_SLOT_ID) of the slot that it is in. */
  readonly token: { readonly label: string } | { readonly serialNumber: string } | number
  /** The PIN of the user, or what asks for it whenever it is needed: at the start, and when a session was lost. */
  readonly pin: string | (() => string | Promise<string>)
  /** The private key: by its label (CKA_LABEL) or its identifier (CKA_ID). Exactly one key of the token must have it. */
  readonly key: { readonly label: string } | { readonly id: Uint8Array }
  /** The algorithm to sign with. Default: that of the key's curve, ES256 for a key that is created. Required for an RSA key. */
  readonly algorithm?: JwsAlgorithm
  /** Whether to generate the key in the token where it has none, and how. Default: no. */
  readonly create?: boolean | Pkcs11KeyCreation
}

/** How a key is generated in a token. */
export interface Pkcs11KeyCreation {
  /** The label, for a key that is found by its identifier. Default: none. */
  readonly label?: string
  /** The identifier, for a key that is found by its label. Default: 16 random bytes. */
  readonly id?: Uint8Array
  /** Length of an RSA modulus, in bits: 2048 to 8192. Default 2048. */
  readonly modulusBits?: number
}

const OPTION_NAMES: readonly (keyof Pkcs11SignerOptions)[] = ['module', 'token', 'pin', 'key', 'algorithm', 'create']
const CREATION_NAMES: readonly (keyof Pkcs11KeyCreation)[] = ['label', 'id', 'modulusBits']

/**
 * Checks the options, as far as that can be done without the module.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, each with `parameter`.
 */
export function checkPkcs11Options(options: Pkcs11SignerOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  const { module, token, pin, key, algorithm, create } = options
  if (!isText(module)) throw invalidOption('module', 'the path of a PKCS#11 library')
  if (!isSlot(token) && !hasOne(token, { label: isText, serialNumber: isText }))
    throw invalidOption('token', '{ label }, { serialNumber }, or the number of a slot')
  if (!isText(pin) && typeof pin !== 'function') throw invalidOption('pin', 'a string, or a function that returns one')
  if (!hasOne(key, { label: isText, id: isBytes })) throw invalidOption('key', '{ label }, or { id } with bytes')
  if (algorithm !== undefined && !pkcs11Algorithms.includes(algorithm))
    throw invalidOption('algorithm', `one of ${pkcs11Algorithms.join(', ')}`)
  if (create === undefined || typeof create === 'boolean') return
  if (typeof create !== 'object' || create === null) throw invalidOption('create', 'true, false, or an object')
  checkOptionNames(create, CREATION_NAMES, 'create')
  const { label, id, modulusBits } = create
  if (label !== undefined && !isText(label)) throw invalidOption('create.label', 'a string')
  if (id !== undefined && !isBytes(id)) throw invalidOption('create.id', 'bytes')
  const { MIN_RSA_MODULUS_BITS: fewest, MAX_RSA_MODULUS_BITS: most } = limits
  const isModulus = Number.isInteger(modulusBits) && Number(modulusBits) >= fewest && Number(modulusBits) <= most
  if (modulusBits !== undefined && !isModulus) throw invalidOption('create.modulusBits', `from ${fewest} to ${most}`)
}

/** By what the key is found; and by what it is found later, with what it is given where it is created. */
export function selectorsOf({ key, create }: Pkcs11SignerOptions): {
  readonly found: KeySelector
  readonly created: KeySelector
} {
  const { label, id } = typeof create === 'object' ? create : {}
  return {
    found: key,
    created: { ...(label !== undefined && { label }), ...(id !== undefined && { id }), ...key },
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length > 0
}

function isSlot(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Whether a value is an object with one of some members, and no other. */
function hasOne(value: unknown, members: Readonly<Record<string, (member: unknown) => boolean>>): boolean {
  if (typeof value !== 'object' || value === null) return false
  const [name = '', ...others] = Object.keys(value)
  return others.length === 0 && (members[name]?.((value as Record<string, unknown>)[name]) ?? false)
}
