// The header fields of a request, in every form that undici takes. They are read once; what is sent is always made anew.

/** Header fields in their order: names as they were written, values as undici takes them. */
export type HeaderFields = readonly (readonly [name: string, value: unknown])[]

/**
 * Reads header fields from an object, a flat array, an array of pairs, or whatever iterates over pairs.
 *
 * Does not check names and values: undici does.
 *
 * @returns `undefined` for a form that undici does not take either.
 */
export function readFields(headers: unknown): HeaderFields | undefined {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') return undefined
  if (Array.isArray(headers) && !Array.isArray(headers[0])) return readFlat(headers)
  if (!(Symbol.iterator in headers)) return Object.entries(headers)
  const fields: [string, unknown][] = []
  for (const entry of headers as Iterable<unknown>) {
    if (!Array.isArray(entry) || entry.length !== 2) return undefined
    fields.push([String(entry[0]), entry[1]])
  }
  return fields
}

/** The value of a field; `undefined` when there is none, or more than one. */
export function fieldOf(fields: HeaderFields, name: string): string | undefined {
  const [value, ...others] = fields.filter(([given]) => given.toLowerCase() === name).flatMap(([, each]) => each)
  return others.length === 0 && typeof value === 'string' ? value : undefined
}

/** The fields without those of these names, which are in lower case. */
export function withoutFields(fields: HeaderFields, names: readonly string[]): HeaderFields {
  return fields.filter(([name]) => !names.includes(name.toLowerCase()))
}

/** The fields as an object, the one form that every interceptor of every version reads; a repeated field has an array of values. */
export function toHeaders(fields: HeaderFields): Record<string, string | string[]> {
  const headers = Object.create(null) as Record<string, unknown>
  const spellings = new Map<string, string>()
  for (const [name, value] of fields) {
    if (value === undefined) continue
    const key = name.toLowerCase()
    const first = spellings.get(key)
    if (first === undefined) {
      spellings.set(key, name)
      headers[name] = Array.isArray(value) ? [...value] : value
    } else {
      headers[first] = [headers[first], value].flat()
    }
  }
  return headers as Record<string, string | string[]>
}

/** The header fields of a response, as undici gives them: names in lower case, the values of a repeated field in an array. */
export function shownHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Pick<Headers, 'get' | 'has'> {
  return {
    has: (name) => headers[name] !== undefined,
    get: (name) => (headers[name] === undefined ? null : [headers[name]].flat().join(', ')),
  }
}

function readFlat(headers: readonly unknown[]): HeaderFields | undefined {
  if (headers.length % 2 !== 0) return undefined
  const fields: [string, unknown][] = []
  for (let index = 0; index < headers.length; index += 2) fields.push([String(headers[index]), headers[index + 1]])
  return fields
}
