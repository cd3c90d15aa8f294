// One kept-alive connection that asks one thing at a time, with as little of HTTP as that needs: a general client costs as
// much CPU as the gateway it would measure, on the same cores. Answers have a content-length; ours always do.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
}

const headEnd = Buffer.from('\r\n\r\n')

export class HttpConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #closed: Error | undefined
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#take(chunk))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    await once(socket, 'connect')
    return new HttpConnection(socket)
  }

  /** `head`: request line and headers, each line ended, without content-length and the empty line. */
  post(head: string, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) throw this.#closed
      this.#waiting = { resolve, reject }
      this.#socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf(headEnd)
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const bodyAt = end + headEnd.length
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? '0')
    if (this.#received.length < bodyAt + length) return
    const body = this.#received.toString('utf8', bodyAt, bodyAt + length)
    this.#received = Buffer.alloc(0)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status: Number(head.slice(9, 12)), body })
  }

  #fail(error: Error): void {
    this.#closed ??= error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}
