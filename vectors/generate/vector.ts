// What every vector file has in common: one fault per negative vector, one expected result, and where it is written down.

import type { ErrorCode } from '@countersign/shared'

/** `valid`, the verdict of a comparison, or the one code of the refusal. */
export type Expectation = 'valid' | 'equal' | 'different' | ErrorCode

/** One vector: the common members, the input, the expectation and, where it is valid, the result. */
export interface Vector {
  readonly id: string
  readonly comment: string
  readonly rfc: readonly string[]
  readonly flags: readonly string[]
  readonly expect: Expectation
  readonly [member: string]: unknown
}

/** One file of vectors. */
export interface VectorFile {
  readonly kind: string
  readonly description: string
  /** What each flag that occurs in the file is about. */
  readonly notes: Readonly<Record<string, string>>
  /** The policy and the limits that hold for every vector that does not say otherwise. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** What a server must be given besides, so that the vectors can be sent to it. */
  readonly server?: Readonly<Record<string, unknown>>
  readonly vectors: readonly Vector[]
}

/** The members that a table of cases repeats. */
export interface Common {
  readonly rfc: readonly string[]
  readonly flags: readonly string[]
}

/** Orders the members as they are printed and removes those that are `undefined`. */
export function vector(
  id: string,
  comment: string,
  { rfc, flags }: Common,
  input: Readonly<Record<string, unknown>>,
  expect: Expectation,
  result: Readonly<Record<string, unknown>> = {},
): Vector {
  const all = { id, comment, rfc, flags, ...input, expect, ...result }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Vector
}
