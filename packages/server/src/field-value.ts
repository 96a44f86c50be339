// Values of header fields.

/** A value without the white space around it, which does not belong to it (RFC 9110 section 5.5). */
export function trimmed(value: string): string {
  return value.replace(/^[\t ]+|[\t ]+$/g, '')
}
