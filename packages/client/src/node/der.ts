// The part of DER (X.690) that keys are made of: one-byte tags, definite lengths. It tells what bytes are, and trusts none of them.

/** An element: its tag, and what is in it. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
}

export const DER = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30 } as const

/**
 * Splits bytes into the elements that they are a row of.
 *
 * Does not look into the elements.
 *
 * @returns `undefined` when the bytes are no row of whole elements.
 */
export function derElements(bytes: Uint8Array): DerElement[] | undefined {
  const elements: DerElement[] = []
  let offset = 0
  while (offset < bytes.length) {
    const tag = bytes[offset] as number
    let length = bytes[offset + 1] ?? Number.NaN
    let start = offset + 2
    if (length >= 0x80) {
      const count = length - 0x80
      // Four bytes count more than any key has; none (0x80) is the indefinite form, which DER does not have.
      if (count === 0 || count > 4) return undefined
      length = bytes.subarray(start, start + count).reduce((sum, byte) => sum * 256 + byte, 0)
      start += count
    }
    if (!(start + length <= bytes.length)) return undefined
    elements.push({ tag, content: bytes.subarray(start, start + length) })
    offset = start + length
  }
  return elements
}

/** The elements of the one sequence that bytes are; `undefined` when they are something else. */
export function derSequence(bytes: Uint8Array): DerElement[] | undefined {
  const [sequence, ...others] = derElements(bytes) ?? []
  if (sequence?.tag !== DER.sequence || others.length > 0) return undefined
  return derElements(sequence.content)
}
