// `POST /auth/token` and `POST /auth/revoke` as Apple answers them: a code counts once, errors are RFC 6749's, any token is
// revoked. Any code will do, since the local issuer hands out none; the client's secret is not looked at.
import { randomBytes } from 'node:crypto'

export interface CodeExchange {
  readonly status: 200 | 400
  readonly body: Readonly<Record<string, unknown>>
}

export interface ExchangeContext {
  readonly clientIds: readonly string[]
  readonly mintFor: (clientId: string) => Promise<string>
}

/** Oldest out first, so that a long-running issuer stays small. */
const rememberedCodes = 10_000

const refused = (error: string): CodeExchange => ({ status: 400, body: { error } })

export class CodeExchanger {
  readonly #context: ExchangeContext
  readonly #used = new Set<string>()

  constructor(context: ExchangeContext) {
    this.#context = context
  }

  async exchange(form: URLSearchParams): Promise<CodeExchange> {
    const clientId = this.#clientOf(form)
    if (clientId === undefined) return refused('invalid_client')
    if (form.get('grant_type') !== 'authorization_code') return refused('unsupported_grant_type')
    const code = form.get('code') ?? ''
    if (code === '' || this.#used.has(code)) return refused('invalid_grant')
    this.#remember(code)
    const body = {
      access_token: randomBytes(32).toString('base64url'),
      token_type: 'Bearer',
      expires_in: 3_600,
      refresh_token: randomBytes(32).toString('base64url'),
      id_token: await this.#context.mintFor(clientId),
    }
    return { status: 200, body }
  }

  /** Apple says 200 whatever the token is; only a client it does not know is refused. */
  revoke(form: URLSearchParams): CodeExchange {
    if (this.#clientOf(form) === undefined) return refused('invalid_client')
    return form.has('token') ? { status: 200, body: {} } : refused('invalid_request')
  }

  #clientOf(form: URLSearchParams): string | undefined {
    const clientId = form.get('client_id') ?? ''
    return this.#context.clientIds.includes(clientId) && form.has('client_secret') ? clientId : undefined
  }

  #remember(code: string): void {
    this.#used.add(code)
    const [oldest] = this.#used
    if (this.#used.size > rememberedCodes && oldest !== undefined) this.#used.delete(oldest)
  }
}
