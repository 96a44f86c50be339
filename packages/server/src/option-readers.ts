// Reading options: what is absent is `undefined`, what is wrong is an error that names the option and what it expects.

import type { JwsAlgorithm } from '@countersign/shared'
import { algorithmOf, invalidOption } from '@countersign/shared'

/** A string or a list of strings, none of them empty, as a list. */
export function strings(value: unknown, parameter: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (!list.every((item): item is string => typeof item === 'string' && item !== ''))
    throw invalidOption(parameter, 'strings')
  return list
}

/** As {@link strings}, with at least one. */
export function someStrings(value: unknown, parameter: string): string[] {
  const list = strings(value, parameter)
  if (list.length === 0) throw invalidOption(parameter, 'a list of at least one string')
  return list
}

/** A whole number within bounds. */
export function integer(value: unknown, parameter: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalidOption(parameter, `a whole number from ${least} to ${most}`)
  }
  return value
}

/** One of some words. */
export function oneOf<Value extends string>(
  value: unknown,
  parameter: string,
  values: readonly Value[],
): Value | undefined {
  if (value === undefined) return undefined
  if (!values.includes(value as Value))
    throw invalidOption(parameter, `one of ${values.map((each) => `"${each}"`).join(', ')}`)
  return value as Value
}

/** A list of implemented JWS algorithms, each once. */
export function algorithms(value: unknown, parameter: string): readonly JwsAlgorithm[] | undefined {
  if (value === undefined) return undefined
  const names = strings(value, parameter)
  if (names.length === 0 || names.some((name) => algorithmOf(name) === undefined)) {
    throw invalidOption(parameter, 'a list of asymmetric JWS algorithms, such as ["ES256"]')
  }
  return [...new Set(names as JwsAlgorithm[])]
}

/** An object with no members but these. */
export function plainObject(value: unknown, parameter: string, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidOption(parameter, expected)
  return value as Readonly<Record<string, unknown>>
}
