// What DER bytes are, by their outline: the forms a private key comes in, and those that are taken for one.

import { DER, derElements, derSequence } from './der.ts'
import type { KeyFault } from './key-faults.ts'

/** A form that private keys come in: PKCS#8 (RFC 5958), SEC 1 (RFC 5915), PKCS#1 (RFC 8017). */
export type KeyForm = 'pkcs8' | 'sec1' | 'pkcs1'

/** What bytes are: a private key in one of its forms, an encrypted one, or something else. */
export type DerKind = { readonly form: KeyForm; readonly encrypted?: boolean } | { readonly fault: KeyFault }

/** `data` and `signedData` of PKCS#7 begin so: 1.2.840.113549.1.7. */
const PKCS7 = '2a864886f70d0107'

/**
 * Tells what bytes are.
 *
 * Does not check that a key is a good one, nor of which kind it is: the import does.
 *
 * @returns `undefined` when they are not DER that is known here, so that they may be a text.
 */
export function kindOfDer(bytes: Uint8Array): DerKind | undefined {
  if (bytes[0] !== DER.sequence) return undefined
  const elements = derSequence(bytes)
  if (elements === undefined) return { fault: 'import' }
  const [first, second, third] = elements
  if (first?.tag === DER.oid) return { fault: 'certificate' }
  if (first?.tag === DER.sequence) {
    if (second?.tag === DER.octetString) return { form: 'pkcs8', encrypted: true }
    if (second?.tag === DER.bitString) return { fault: 'public' }
    // The body of a certificate has six parts at least, that of a request at most four.
    if (third?.tag === DER.bitString) {
      return { fault: (derElements(first.content)?.length ?? 0) > 4 ? 'certificate' : 'certificate_request' }
    }
    return { fault: 'unknown' }
  }
  if (first?.tag !== DER.integer) return { fault: 'unknown' }
  const version = first.content.length === 1 ? first.content[0] : undefined
  switch (second?.tag) {
    case DER.sequence:
      if (version === 3) return { fault: isPkcs7(second.content) ? 'pkcs12' : 'unknown' }
      return version === 0 || version === 1 ? { form: 'pkcs8' } : { fault: 'unknown' }
    case DER.octetString:
      return version === 1 ? { form: 'sec1' } : { fault: 'unknown' }
    case DER.integer:
      if (elements.length === 2) return { fault: 'public' }
      return elements.length === 6 ? { fault: 'dsa' } : { form: 'pkcs1' }
    default:
      return { fault: 'unknown' }
  }
}

function isPkcs7(content: Uint8Array): boolean {
  const [oid] = derElements(content) ?? []
  return oid?.tag === DER.oid && Buffer.from(oid.content).toString('hex').startsWith(PKCS7)
}
