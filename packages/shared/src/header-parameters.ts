// The parameters that protected headers of envelopes, seals and answers have in common, read without trust. Each reader
// takes the error of its own kind of message.

import type { CountersignError } from './errors.ts'
import type { JsonMembers } from './json.ts'
import { MAX_CREATED_SECONDS } from './limits.ts'

/** Why a parameter is refused. */
export type ParameterReason = 'missing' | 'type' | 'empty' | 'size' | 'range' | 'grammar'

/** Makes the error for a parameter that is refused. */
export type RefuseParameter = (
  parameter: string,
  reason: ParameterReason,
  expected?: unknown,
  actual?: unknown,
) => CountersignError

/**
 * Reads a string that is not empty.
 *
 * @param maxLength - Most characters. Default: as many as the header holds.
 */
export function readString(header: JsonMembers, name: string, refuse: RefuseParameter, maxLength?: number): string {
  const value = header(name)
  if (value === undefined) throw refuse(name, 'missing')
  if (typeof value !== 'string') throw refuse(name, 'type', 'string')
  if (value === '') throw refuse(name, 'empty')
  if (maxLength !== undefined && value.length > maxLength) throw refuse(name, 'size', maxLength, value.length)
  return value
}

/** Reads an integer within bounds. JSON does not say how a number was written: `1.7e9` is read as `1700000000`. */
export function readInteger(
  header: JsonMembers,
  name: string,
  refuse: RefuseParameter,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = header(name)
  if (value === undefined) throw refuse(name, 'missing')
  if (typeof value !== 'number') throw refuse(name, 'type', 'number')
  if (!Number.isInteger(value)) throw refuse(name, 'grammar', 'integer', value)
  if (value < min || value > max) throw refuse(name, 'range', value < min ? min : max, value)
  return value
}

/** Reads the time of signing, in whole seconds since the epoch. */
export function readCreated(header: JsonMembers, refuse: RefuseParameter): number {
  return readInteger(header, 'created', refuse, { min: 0, max: MAX_CREATED_SECONDS })
}
