// Fields of the caller that no envelope can go with (spec/request-envelope.md, "Protected header" and "Serialisations"): every server would
// refuse the request, so it is not sent.

import { ENVELOPE_MEDIA_TYPE, invalidOption, mediaTypeEssence } from '@countersign/shared'

/** What `cty` is never: content of these types is an envelope itself. */
const ENVELOPE_TYPES: readonly (string | undefined)[] = [ENVELOPE_MEDIA_TYPE, `${ENVELOPE_MEDIA_TYPE}+json`]

/**
 * Checks what the fields of a call say of its content.
 *
 * Does not refuse `Content-Encoding` beside a detached envelope: only a route that demands integrity does.
 *
 * @param type - The media type that the call goes out with.
 * @throws {CountersignError} `ERR_OPTION_INVALID` with parameter `Content-Type` or `Content-Encoding`.
 */
export function checkFields(
  headers: Headers,
  type: string | undefined,
  { hasContent, isAttached }: { readonly hasContent: boolean; readonly isAttached: boolean },
): void {
  if (type !== undefined && (hasContent ? !isDescription(type) : namesEnvelope(type)))
    throw invalidOption('Content-Type', 'a full media type of at most 256 characters, and not that of an envelope')
  if (isAttached && headers.has('content-encoding'))
    throw invalidOption('Content-Encoding', 'absent where the envelope is the content')
}

/** Whether `cty` can say it. */
function isDescription(type: string): boolean {
  const essence = mediaTypeEssence(type)
  return essence !== undefined && !ENVELOPE_TYPES.includes(essence)
}

/** Whether a server takes content of this type for an envelope, whatever its parameters are, and were there none. */
function namesEnvelope(type: string): boolean {
  return type.split(';', 1)[0]?.trim().toLowerCase() === ENVELOPE_MEDIA_TYPE
}
