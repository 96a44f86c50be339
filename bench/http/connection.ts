// A connection that is kept, with one call at a time on it: as little work for the sender as can be.

import { connect } from 'node:net'

/** An answer. */
export interface Answer {
  readonly status: number
  /** The status line and the fields. */
  readonly head: string
}

/** A connection to a server on loopback. */
export interface Connection {
  /** Sends a whole request, and waits for the whole answer. One at a time. */
  send(bytes: Buffer): Promise<Answer>
  close(): void
}

/** Connects. */
export async function connectTo(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let waiting: { resolve: (answer: Answer) => void; reject: (reason: Error) => void } | undefined
  const fail = (error: Error) => {
    waiting?.reject(error)
    waiting = undefined
  }
  socket.setEncoding('latin1')
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The connection was closed')))
  socket.on('data', (chunk: string) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = received.slice(0, end)
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    if (received.length < end + 4 + length) return
    received = received.slice(end + 4 + length)
    const { resolve } = waiting as NonNullable<typeof waiting>
    waiting = undefined
    resolve({ status: Number(head.slice(9, 12)), head })
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return {
    send(bytes) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(bytes)
      })
    },
    close: () => socket.destroy(),
  }
}
