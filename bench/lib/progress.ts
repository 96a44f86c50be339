// A progress bar on stderr, where that is a terminal; elsewhere, a line for each case.

import type { WriteStream } from 'node:tty'

/** Shows how far a run is. */
export interface Progress {
  /** A case begins. */
  begin(title: string): void
  /** A share, from 0 to 1, of the case is done. */
  part(share: number): void
  /** The case is done. */
  end(): void
  /** Takes the bar away. */
  close(): void
}

const WIDTH = 30

/** Creates the display of a run of so many cases. */
export function createProgress(cases: number, stream: Pick<WriteStream, 'write' | 'isTTY'> = process.stderr): Progress {
  let done = 0
  let title = ''
  const show = (share: number) => {
    if (!stream.isTTY) return
    const total = (done + share) / cases
    const filled = Math.round(total * WIDTH)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
    stream.write(`\r\x1b[2K${bar} ${String(Math.round(total * 100)).padStart(3)} %  ${title}`)
  }
  return {
    begin(next) {
      title = next
      if (stream.isTTY) show(0)
      else stream.write(`[${done + 1}/${cases}] ${title}\n`)
    },
    part: (share) => show(share),
    end() {
      done++
      show(0)
    },
    close() {
      if (stream.isTTY) stream.write('\r\x1b[2K')
    },
  }
}
