// One socket of the load, of any door: knows how to get in, and reads out of what arrives no more than it needs.
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'

export type DoorKind = 'plain' | 'socket.io' | 'bare ws' | 'bare socket.io'

export interface LoadUser {
  readonly userId: string
  readonly token: string
}

export interface LoadTarget {
  readonly door: DoorKind
  readonly url: string
  readonly user: LoadUser
  /** Called with each page as it arrived, what it says of its first event, and how far it goes. */
  readonly onPage: (
    text: string,
    page: { readonly seq: number; readonly toSeq: number; readonly receivedAt: string },
  ) => void
}

const giveUpMs = 60_000
const numberAfter = (text: string, name: string): number => Number(new RegExp(`"${name}":(\\d+)`).exec(text)?.[1] ?? 0)
const textAfter = (text: string, name: string): string => new RegExp(`"${name}":"([^"]*)"`).exec(text)?.[1] ?? ''

const within = async (work: Promise<void>): Promise<void> => {
  const over = new AbortController()
  const late = sleep(giveUpMs, undefined, { signal: over.signal }).then(() => {
    throw new Error('a socket is not where it should be')
  })
  await Promise.race([work, late]).finally(() => over.abort())
}

const addressOf = ({ door, url, user }: LoadTarget): string => {
  const base = url.replace('http', 'ws')
  if (door === 'plain') return `${base}/ws/user/${user.userId}?token=${user.token}`
  return door === 'bare ws' ? base : `${base}/socket.io/?EIO=4&transport=websocket`
}

export class LoadSocket {
  readonly #target: LoadTarget
  readonly #namespace: string
  #socket: WebSocket | undefined
  #seq = 0
  #epoch = ''
  #ready: (() => void) | undefined
  #reached: ((seq: number) => void) | undefined

  constructor(target: LoadTarget) {
    this.#target = target
    this.#namespace = target.door === 'socket.io' ? `/ws/user/${target.user.userId},` : ''
  }

  /** Resolves when it is live. */
  connect(): Promise<void> {
    return within(
      new Promise((resolve, reject) => {
        const socket = new WebSocket(addressOf(this.#target), { perMessageDeflate: false })
        this.#socket = socket
        this.#ready = resolve
        socket.on('message', message => this.#receive((message as Buffer).toString()))
        socket.on('error', reject)
        socket.on('unexpected-response', (_request, response) => reject(new Error(`refused ${response.statusCode}`)))
        if (this.#target.door === 'bare ws') socket.on('open', () => resolve())
      }),
    )
  }

  drop(): void {
    this.#socket?.terminate()
  }

  /** Connects and resumes; resolves with how many milliseconds it took to have what was missed. */
  async comeBack(missedEvents: number): Promise<number> {
    const startedAt = performance.now()
    const position = { epoch: this.#epoch, seq: this.#seq }
    const complete = new Promise<void>(resolve => {
      this.#reached = seq => (seq >= position.seq + missedEvents ? resolve() : undefined)
    })
    await this.connect()
    const plain = this.#target.door === 'plain'
    const frame = plain ? { type: 'resume', data: position } : ['resume', position]
    this.#socket?.send(`${plain ? '' : `42${this.#namespace}`}${JSON.stringify(frame)}`)
    await within(complete)
    this.#reached = undefined
    return performance.now() - startedAt
  }

  #receive(text: string): void {
    const { door, user } = this.#target
    if (text === '2') this.#socket?.send('3')
    else if (text.startsWith('0{')) {
      const auth = door === 'socket.io' ? JSON.stringify({ token: user.token }) : ''
      this.#socket?.send(`40${this.#namespace}${auth}`)
    } else if (text.includes('progress.changed')) {
      this.#seq = numberAfter(text, 'to_seq')
      this.#target.onPage(text, {
        seq: numberAfter(text, 'seq'),
        toSeq: this.#seq,
        receivedAt: textAfter(text, 'received_at'),
      })
      this.#reached?.(this.#seq)
    } else if (text.includes('session.ready')) {
      this.#epoch = textAfter(text, 'epoch')
      if (this.#reached === undefined) this.#seq = numberAfter(text, 'seq')
      this.#ready?.()
    } else if (door === 'bare socket.io' && text.startsWith('40')) this.#ready?.()
  }
}
