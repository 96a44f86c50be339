// Small plots, as SVG written by hand: bars with whiskers for contenders, a line for growth. Readable on light and dark pages alike.

/** One bar. */
export interface Bar {
  readonly label: string
  readonly value: number
  /** Half the length of the whisker. */
  readonly spread?: number
  /** Drawn in the colour of ours. */
  readonly highlight?: boolean
}

/** One point of a line. */
export interface Point {
  readonly x: number
  readonly y: number
  readonly spread?: number
}

interface Labels {
  readonly title: string
  /** What the values are, in a few words. */
  readonly caption: string
}

const WIDTH = 720
const LEFT = 250
const RIGHT = 70
const ROW = 24
const TOP = 52
const COLOURS = { bar: '#8aa0b8', ours: '#1f6fb2', text: '#222', faint: '#666', grid: '#ddd' }
const FONT = 'font-family="system-ui, sans-serif" font-size="13"'

/** Horizontal bars, the greatest as wide as the plot. */
export function barChart({ title, caption }: Labels, bars: readonly Bar[], format: (value: number) => string): string {
  const greatest = Math.max(...bars.map(({ value, spread = 0 }) => value + spread), Number.MIN_VALUE)
  const scale = (WIDTH - LEFT - RIGHT) / greatest
  const rows = bars.map(({ label, value, spread, highlight }, index) => {
    const y = TOP + index * ROW
    const end = LEFT + value * scale
    const middle = y + ROW / 2
    const fill = highlight === true ? COLOURS.ours : COLOURS.bar
    const whisker = spread === undefined || spread === 0 ? '' : whiskerOf(end, spread * scale, middle)
    const textAt = end + (spread ?? 0) * scale + 6
    return [
      text(LEFT - 8, middle + 4, label, 'end'),
      `<rect x="${LEFT}" y="${y + 4}" width="${round(value * scale)}" height="${ROW - 8}" fill="${fill}"/>`,
      whisker,
      text(textAt, middle + 4, format(value), 'start'),
    ].join('')
  })
  return document(title, caption, TOP + bars.length * ROW + 12, rows.join('\n'))
}

/** A line over a logarithmic axis. */
export function lineChart(
  { title, caption, axis }: Labels & { readonly axis: string },
  points: readonly Point[],
  format: (value: number) => string,
): string {
  const height = 260
  const [left, right, top, bottom] = [70, WIDTH - 60, TOP + 10, height - 44]
  const logs = points.map(({ x }) => Math.log10(x))
  const [first, last] = [Math.min(...logs), Math.max(...logs)]
  const greatest = Math.max(...points.map(({ y, spread = 0 }) => y + spread)) * 1.15
  const place = ({ x, y }: Point) => ({
    x: last === first ? (left + right) / 2 : left + ((Math.log10(x) - first) / (last - first)) * (right - left),
    y: bottom - (y / greatest) * (bottom - top),
  })
  const path = points.map(place).map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`)
  const marks = points.map((point) => {
    const { x, y } = place(point)
    const half = ((point.spread ?? 0) / greatest) * (bottom - top)
    return [
      `<line x1="${round(x)}" x2="${round(x)}" y1="${round(y - half)}" y2="${round(y + half)}" stroke="${COLOURS.text}"/>`,
      `<circle cx="${round(x)}" cy="${round(y)}" r="4" fill="${COLOURS.ours}"/>`,
      text(x, y - half - 9, format(point.y), 'middle'),
      text(x, bottom + 18, point.x.toLocaleString('en'), 'middle', COLOURS.faint),
    ].join('')
  })
  const content = [
    `<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="${COLOURS.grid}"/>`,
    `<path d="${path.join(' ')}" fill="none" stroke="${COLOURS.ours}" stroke-width="2"/>`,
    ...marks,
    text((left + right) / 2, height - 8, axis, 'middle', COLOURS.faint),
  ]
  return document(title, caption, height, content.join('\n'))
}

function whiskerOf(at: number, half: number, middle: number): string {
  const [from, to] = [round(at - half), round(at + half)]
  return [
    `<path d="M${from} ${middle}H${to}M${from} ${middle - 4}V${middle + 4}M${to} ${middle - 4}V${middle + 4}" `,
    `stroke="${COLOURS.text}"/>`,
  ].join('')
}

function text(x: number, y: number, content: string, anchor: string, fill: string = COLOURS.text): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}">${escaped(content)}</text>`
}

function document(title: string, caption: string, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ${FONT}>
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" rx="6" fill="#fff"/>
<text x="14" y="22" font-weight="600" fill="${COLOURS.text}">${escaped(title)}</text>
<text x="14" y="40" fill="${COLOURS.faint}">${escaped(caption)}</text>
${content}
</svg>
`
}

function escaped(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
