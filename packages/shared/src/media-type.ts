// The grammar of a media type with parameters, RFC 9110 section 8.3.1, as `cty` and `Content-Type` hold it.

import { MAX_CTY_LENGTH } from './limits.ts'

/** The space after a semicolon belongs to the parameter that follows, so no text can be read in two ways. */
const MEDIA_TYPE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]*;(?:[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?)*$/

/**
 * The type and subtype of a media type, in lower case and without parameters, or `undefined` for a text that is none,
 * is longer than {@link MAX_CTY_LENGTH} characters, or has white space around it.
 *
 * Does not check that the type is registered, nor what its parameters mean.
 */
export function mediaTypeEssence(text: string): string | undefined {
  return text.length > MAX_CTY_LENGTH ? undefined : MEDIA_TYPE.exec(text)?.[1]?.toLowerCase()
}
