// HTTP as a patient app speaks it: what may come right is tried again until it is answered, what the server says on the way is
// noted.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Ask {
  readonly method: 'GET' | 'POST'
  /** Below `/api/v1`. */
  readonly path: string
  readonly token?: string
  readonly body?: unknown
}

export interface Answered {
  readonly status: number
  readonly body: unknown
  /** An attempt before this one got no answer, or 503 because the owner was slow, so it may have been done already. */
  readonly inDoubt: boolean
}

const patienceMs = 60_000
const attemptTimeoutMs = 8_000
const pauseMs = 200

export class PatientApi {
  readonly #gatewayUrl: string
  /** Ids of incidents that answers told of. */
  readonly incidents = new Set<string>()
  /** Answers of 500 and above, by status. */
  readonly serverErrors = new Map<number, number>()
  attempts = 0
  /** Attempts that got no answer at all. */
  unanswered = 0

  constructor(gatewayUrl: string) {
    this.#gatewayUrl = gatewayUrl
  }

  /** `fetch` for the client module, which notes the same. */
  readonly fetch: typeof fetch = async (input, init) => {
    this.attempts += 1
    const response = await fetch(input, init)
    if (response.status >= 500) {
      this.serverErrors.set(response.status, (this.serverErrors.get(response.status) ?? 0) + 1)
      this.incidents.add(response.headers.get('x-incident-id') ?? `none: ${response.status} of ${response.url}`)
    }
    return response
  }

  /** Rejects when there is no answer but 429, 503 and none at all for a minute. */
  async ask(question: Ask): Promise<Answered> {
    const deadline = performance.now() + patienceMs
    let inDoubt = false
    for (;;) {
      const response = await this.#attempt(question).catch((error: unknown) => error as Error)
      if (response instanceof Error) {
        inDoubt = true
        this.unanswered += 1
        if (performance.now() > deadline) throw response
        await sleep(pauseMs)
        continue
      }
      const { status, body, headers } = response
      if (status !== 429 && status !== 503) return { status, body, inDoubt }
      inDoubt ||= status === 503
      if (performance.now() > deadline) throw new Error(`${question.method} ${question.path} is ${status} for ever`)
      await sleep(Number(headers.get('retry-after') ?? 1) * 1_000 * (0.5 + Math.random() / 2))
    }
  }

  async #attempt({ method, path, token, body }: Ask): Promise<{ status: number; body: unknown; headers: Headers }> {
    const response = await this.fetch(`${this.#gatewayUrl}/api/v1${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(attemptTimeoutMs),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      headers: response.headers,
    }
  }
}
