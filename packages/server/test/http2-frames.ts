// HTTP/2 byte by byte: one request, its header fields exactly as given (RFC 9113; literal fields without Huffman coding, RFC 7541).

import { connect } from 'node:net'

/** Name and value. */
export type Field = readonly [name: string, value: string]

/** What came back: the content, or the error code that the stream was reset with. */
export interface Answer {
  readonly body: string
  readonly reset?: number
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const DATA = 0x0
const HEADERS = 0x1
const RST_STREAM = 0x3
const SETTINGS = 0x4
const END_STREAM = 0x1
const END_HEADERS = 0x4
const STREAM = 1

/** Sends the header fields of one request to a cleartext server of this machine. */
export function sendHeaders(port: number, fields: readonly Field[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(PREFACE)
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)))
    socket.write(frame(HEADERS, END_STREAM | END_HEADERS, STREAM, Buffer.concat(fields.map(literal))))
    let received = Buffer.alloc(0)
    let body = ''
    const settle = (answer: Answer) => {
      resolve(answer)
      socket.destroy()
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The connection ended without an answer')))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const length = received.readUIntBE(0, 3)
        const [type, flags] = [received.readUInt8(3), received.readUInt8(4)]
        const stream = received.readUInt32BE(5)
        const payload = received.subarray(9, 9 + length)
        received = received.subarray(9 + length)
        if (stream !== STREAM) continue
        if (type === DATA) body += payload.toString()
        if (type === RST_STREAM) settle({ body, reset: payload.readUInt32BE(0) })
        else if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) settle({ body })
      }
    })
  })
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A literal header field without indexing, of a new name (RFC 7541 section 6.2.2). */
function literal([name, value]: Field): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)])
}

/** A string literal: its length as an integer with a prefix of seven bits (RFC 7541 section 5.1), and its octets. */
function text(value: string): Buffer {
  const octets = Buffer.from(value)
  if (octets.length < 127) return Buffer.concat([Buffer.of(octets.length), octets])
  const length = [127]
  let rest = octets.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
  return Buffer.concat([Buffer.of(...length, rest), octets])
}
