// Values from outside, before anything is read of them.

/** Tells whether a value has members that can be read. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
