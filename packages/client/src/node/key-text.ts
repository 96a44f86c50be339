// From what environment variables and secret stores hold to a key in one of its forms. They keep quotation marks, write line breaks as
// two characters, replace them by spaces or lose them, and like base64.

import { isJsonObject, parseJson } from '@countersign/shared'
import type { KeyForm } from './key-der.ts'
import { kindOfDer } from './key-der.ts'
import type { KeyFault } from './key-faults.ts'
import { keyFault } from './key-faults.ts'

/** A private key as it was given, of whatever kind. */
export type EncodedKey =
  | { readonly form: 'jwk'; readonly jwk: Readonly<Record<string, unknown>> }
  | { readonly form: KeyForm; readonly der: Uint8Array; readonly encrypted: boolean }
  /** Encrypted as OpenSSL did before PKCS#8, which takes the header lines of PEM to read. */
  | { readonly form: 'pem'; readonly pem: string }

/** How often base64 may be in base64: a secret store encodes what somebody had encoded before. */
const MAX_BASE64_LAYERS = 2

const FORM_OF_LABEL: Readonly<Record<string, KeyForm>> = {
  'PRIVATE KEY': 'pkcs8',
  'ENCRYPTED PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
}

/** What else may be between such lines; the first that fits counts. */
const FAULT_OF_LABEL: readonly (readonly [RegExp, KeyFault])[] = [
  [/PGP/, 'pgp'],
  [/SSH2? PUBLIC KEY$/, 'ssh_public'],
  [/SSH2? (?:ENCRYPTED )?PRIVATE KEY$/, 'ssh_private'],
  [/CERTIFICATE REQUEST$/, 'certificate_request'],
  [/CERTIFICATE$|PKCS7$|^CMS$/, 'certificate'],
  [/PUBLIC KEY$/, 'public'],
  [/^DSA /, 'dsa'],
  [/DH PARAMETERS$/, 'key_agreement'],
]

const BLOCK = /-{4,5} ?BEGIN ([A-Z0-9 .]+?) ?-{4,5}(.*?)-{4,5} ?END \1 ?-{4,5}/gs
const LEGACY_HEADERS = /^\s*Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Z0-9-]+),([0-9A-Fa-f]+)\s+/
const QUOTED = /^\\?(["'`])(.*?)\\?\1$/s
const PATH =
  /^(?:file:|~?[\\/]|\.{1,2}[\\/]|[A-Za-z]:[\\/])[^\n]*$|^[^\n{]*\.(?:pem|key|p8|pk8|der|jwk|jwks|json|p12|pfx|crt|cer|pub)$/i

/**
 * Finds the private key in a text or in bytes.
 *
 * Does not check that the key is a good one: the import does.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` with parameter `key` and the reason.
 */
export function findKey(input: string | Uint8Array, layers = 0): EncodedKey {
  if (typeof input === 'string') return findInText(input, layers)
  if (input.length === 0) throw keyFault('empty')
  const kind = kindOfDer(input)
  if (kind !== undefined && 'fault' in kind) throw keyFault(kind.fault)
  if (kind !== undefined) return { form: kind.form, der: input, encrypted: kind.encrypted === true }
  return findInText(decoded(input), layers)
}

function findInText(input: string, layers: number): EncodedKey {
  const text = withoutQuotes(input)
  if (text === '') throw keyFault('empty')
  if (/-{4,5} ?(?:BEGIN|END) /.test(text)) return findInPem(text)
  if (text.startsWith('{') || text.startsWith('[')) return findInJson(text)
  if (/^(?:ssh-|ecdsa-sha2-|sk-(?:ssh|ecdsa)-)[\w@.-]+ +AAAA/.test(text)) throw keyFault('ssh_public')
  if (text.startsWith('PuTTY-User-Key-File-')) throw keyFault('ssh_private')
  if (text.startsWith('csk_')) throw keyFault('credential')
  if (PATH.test(text)) throw keyFault('path')
  const base64 = withLineBreaks(text).replace(/\s/g, '')
  if (layers < MAX_BASE64_LAYERS && /^[\w+/-]+={0,2}$/.test(base64)) {
    return findKey(Buffer.from(base64, 'base64'), layers + 1)
  }
  throw keyFault('unknown')
}

function findInPem(text: string): EncodedKey {
  const blocks = [...withLineBreaks(text).matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body }))
  const [key, ...others] = blocks.filter(({ label }) => Object.hasOwn(FORM_OF_LABEL, label))
  if (others.length > 0) throw keyFault('several')
  if (key !== undefined) return decodeBlock(key.label, key.body)
  // Of a block that is not whole, one line still says what it is.
  const labels = [...text.matchAll(/-{4,5} ?(?:BEGIN|END) ([A-Z0-9 .]+?) ?-/g)].map(([, label = '']) => label)
  if (labels.some((label) => Object.hasOwn(FORM_OF_LABEL, label))) throw keyFault('cut')
  const faults = labels.map((label) => FAULT_OF_LABEL.find(([pattern]) => pattern.test(label))?.[1])
  throw keyFault(faults.find((fault) => fault !== undefined) ?? 'unknown')
}

function decodeBlock(label: string, body: string): EncodedKey {
  const headers = LEGACY_HEADERS.exec(body)
  const base64 = body.slice(headers?.[0].length ?? 0).replace(/\s/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw keyFault('import')
  if (headers !== null) {
    const [, cipher, vector] = headers
    const lines = base64.match(/.{1,64}/g) ?? []
    const head = `-----BEGIN ${label}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ${cipher},${vector}\n\n`
    return { form: 'pem', pem: `${head}${lines.join('\n')}\n-----END ${label}-----\n` }
  }
  const der = Buffer.from(base64, 'base64')
  const kind = kindOfDer(der) ?? { fault: 'import' }
  // What the lines say and what is between them may differ; the bytes are right.
  if ('fault' in kind) throw keyFault(kind.fault === 'unknown' ? 'import' : kind.fault)
  return { form: kind.form, der, encrypted: kind.encrypted === true }
}

function findInJson(text: string): EncodedKey {
  const value = parsed(text) ?? parsed(text.replaceAll('\\"', '"')) ?? parsed(withLineBreaks(text))
  if (value === undefined) throw keyFault(text.startsWith('{') ? 'import' : 'unknown')
  if (Array.isArray(value)) throw keyFault('jwk_set')
  if (!isJsonObject(value as never)) throw keyFault('unknown')
  return { form: 'jwk', jwk: value as Readonly<Record<string, unknown>> }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** Quotation marks belong to a shell or a file that did not take them away; there may be several around each other. */
function withoutQuotes(text: string): string {
  const inner = text.replace(/^\uFEFF/, '').trim()
  const quoted = QUOTED.exec(inner)
  if (quoted === null) return inner
  const string = parsed(inner)
  return withoutQuotes(typeof string === 'string' ? string : (quoted[2] as string))
}

/** Line breaks that are written as `\n`, `\r\n` or `\\n`, and a backslash at the end of a line. */
function withLineBreaks(text: string): string {
  return text.replace(/(?:\\+r)?\\+n|\\+r|\\+(?=\r?\n)/g, '\n')
}

/** Bytes that are no text have no line that says what they are. */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw keyFault('unknown')
  }
}
