// Reads the files of `vectors/` and checks them against their schema, of which it knows the few keywords that occur there.

import { readFileSync } from 'node:fs'
import path from 'node:path'

export const vectorsFolder = path.resolve(import.meta.dirname, '../../../vectors')

export const kinds = [
  'base64url',
  'json',
  'jwk',
  'thumbprint',
  'ath',
  'htu',
  'target-uri',
  'challenges',
  'dpop-proof',
  'envelope',
  'jwe-envelope',
  'answer-jws',
] as const
export type Kind = (typeof kinds)[number]

/** What all vectors have. */
export interface Vector {
  readonly id: string
  readonly comment: string
  readonly flags: readonly string[]
  readonly expect: string
}

export interface VectorFile<Member> {
  readonly notes: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, unknown>>
  readonly server: Readonly<Record<string, unknown>>
  readonly vectors: readonly (Vector & Member)[]
}

/** Reads one file. The schema vouches for its members. */
export function readVectors<Member>(kind: Kind): VectorFile<Member> {
  return readJson(`${kind}.json`) as VectorFile<Member>
}

export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(path.join(vectorsFolder, name), 'utf8'))
}

type Schema = Readonly<Record<string, unknown>>
type Members = Readonly<Record<string, unknown>>

const ANNOTATIONS = ['$schema', '$defs', 'title']
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  array: Array.isArray,
  object: isObject,
}

/** What each keyword demands of a value. `properties` holds for those that are present, as do the other keywords for their type. */
const keywords: Readonly<Record<string, (value: never, argument: never, schema: Schema, root: Schema) => boolean>> = {
  $ref: (value: unknown, name: string, _: Schema, root: Schema) => holds(value, definition(root, name), root),
  oneOf: (value: unknown, schemas: Schema[], _: Schema, root: Schema) =>
    schemas.filter((schema) => holds(value, schema, root)).length === 1,
  type: (value: unknown, name: string) => types[name]?.(value) === true,
  const: (value: unknown, expected: unknown) => value === expected,
  enum: (value: unknown, expected: unknown[]) => expected.includes(value),
  minimum: (value: number, least: number) => value >= least,
  minLength: (value: string, least: number) => value.length >= least,
  minItems: (value: unknown[], least: number) => value.length >= least,
  uniqueItems: (value: unknown[]) => new Set(value).size === value.length,
  pattern: (value: string, pattern: string) => new RegExp(pattern).test(value),
  items: (value: unknown[], schema: Schema, _: Schema, root: Schema) =>
    value.every((item) => holds(item, schema, root)),
  required: (value: Members, names: string[]) => names.every((name) => Object.hasOwn(value, name)),
  properties: (value: Members, properties: Readonly<Record<string, Schema>>, _: Schema, root: Schema) =>
    Object.entries(properties).every(
      ([name, schema]) => !Object.hasOwn(value, name) || holds(value[name], schema, root),
    ),
  additionalProperties: (value: Members, schema: Schema | false, { properties = {} }: Schema, root: Schema) =>
    Object.entries(value)
      .filter(([name]) => !Object.hasOwn(properties as Members, name))
      .every(([, member]) => schema !== false && holds(member, schema, root)),
}

/** Tells whether a value is what a schema of `vectors/schema.json` describes. Throws for a keyword it does not know. */
export function holds(value: unknown, schema: Schema, root: Schema = schema): boolean {
  const names = Object.keys(schema).filter((name) => !ANNOTATIONS.includes(name))
  // The type comes first, so that the other keywords see a value they can look at.
  names.sort((one, other) => Number(other === 'type') - Number(one === 'type'))
  return names.every((name) => {
    const check = keywords[name]
    if (check === undefined) throw new Error(`The keyword "${name}" is not known`)
    return check(value as never, schema[name] as never, schema, root)
  })
}

function definition(root: Schema, reference: string): Schema {
  const definitions = root['$defs'] as Readonly<Record<string, Schema>>
  const found = definitions[reference.replace('#/$defs/', '')]
  if (found === undefined) throw new Error(`There is no ${reference}`)
  return found
}
