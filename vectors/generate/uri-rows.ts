// Rows of URI comparisons as vectors: pairs that are equal or different, and URIs that cannot be compared.

import type { Common, Vector } from './vector.ts'
import { vector } from './vector.ts'

/** Longest URI that is compared, in characters. */
export const MAX_URI_LENGTH = 8192

/** Two URIs to compare. */
export type Pair = readonly [id: string, comment: string, a: string, b: string]

type Single = readonly [id: string, comment: string, uri: string]

/**
 * Makes the row functions of one file.
 *
 * @param prefix - What every id begins with.
 * @param source - The section that every vector rests on.
 */
export function uriRows<Flag extends string>(prefix: string, source: string) {
  const common = (flags: Flag[], rfc: string): Common => ({ rfc: [source, rfc], flags })
  return {
    pairs: (expect: 'equal' | 'different', flags: Flag[], rfc: string, rows: readonly Pair[]): Vector[] =>
      rows.map(([id, comment, a, b]) => vector(`${prefix}-${id}`, comment, common(flags, rfc), { a, b }, expect)),
    invalid: (flags: Flag[], rfc: string, rows: readonly Single[]): Vector[] =>
      rows.map(([id, comment, uri]) =>
        vector(`${prefix}-${id}`, comment, common(flags, rfc), { uri }, 'ERR_HTU_INVALID'),
      ),
  }
}
