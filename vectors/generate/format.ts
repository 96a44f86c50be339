// JSON as the repository's formatter leaves it, in ASCII only, so that every invisible character shows as an escape.

const WIDTH = 120

/** Formats a value as a JSON document with a final newline. */
export function formatJson(value: unknown): string {
  return `${format(value, 0, 0)}\n`
}

/**
 * @param indent - Columns of indentation of the line the value begins on.
 * @param before - Columns on that line that a member name takes, and one for a comma after the value.
 */
function format(value: unknown, indent: number, before: number): string {
  if (typeof value !== 'object' || value === null) return scalar(value)
  return Array.isArray(value) ? formatArray(value, indent, before) : formatObject(Object.entries(value), indent)
}

function formatArray(items: readonly unknown[], indent: number, before: number): string {
  if (!items.some(holdsObject)) {
    const line = `[${items.map((item) => format(item, 0, Number.NEGATIVE_INFINITY)).join(', ')}]`
    if (indent + before + line.length <= WIDTH) return line
  }
  return block('[', ']', indent, (inner) => items.map((item) => format(item, inner, 1)))
}

function formatObject(members: readonly (readonly [string, unknown])[], indent: number): string {
  if (members.length === 0) return '{}'
  return block('{', '}', indent, (inner) =>
    members.map(([name, value]) => {
      const key = `${scalar(name)}: `
      return key + format(value, inner, key.length + 1)
    }),
  )
}

function block(open: string, close: string, indent: number, lines: (inner: number) => readonly string[]): string {
  const inner = indent + 2
  const body = lines(inner).map((line) => `${' '.repeat(inner)}${line}`)
  return `${open}\n${body.join(',\n')}\n${' '.repeat(indent)}${close}`
}

function holdsObject(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsObject)
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function scalar(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
