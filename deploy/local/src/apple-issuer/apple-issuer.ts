// Apple for a development machine: a real issuer with its own keys and its own name, not a way around verification.
// Production mode refuses to trust it. `/token` and `/control` exist here alone; the rest answers as Apple does.
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { CodeExchanger } from './exchange-code.ts'
import { loadIssuerKeys, makeIssuerKey, saveIssuerKeys, type IssuerKey } from './issuer-keys.ts'
import { mintIdentityToken, type TokenOrder } from './mint-identity-token.ts'

export interface AppleIssuerOptions {
  /** 0: any free one. */
  readonly port: number
  /** The loopback when left out. */
  readonly host?: string
  readonly clientIds: readonly string[]
  /** Where keys are kept over restarts; left out, they live as long as the issuer. */
  readonly keysFile?: string
}

export interface AppleIssuer {
  readonly port: number
  /** The `iss` of its tokens, and the base of its URLs. */
  readonly issuer: string
  stop(): Promise<void>
}

type Behaviour = 'ok' | 'fail' | 'hang' | 'flood'
type Order = TokenOrder & { readonly key?: 'wrong' }
interface Control {
  readonly keys?: Behaviour
  readonly token?: Behaviour
  readonly rotate_keys?: boolean
}

const object = { type: 'object', additionalProperties: true } as const
const orderSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    sub: { type: 'string' },
    email: { type: 'string' },
    nonce: { type: 'string' },
    claims: object,
    header: object,
    key: { const: 'wrong' },
  },
} as const
const behaviour = { enum: ['ok', 'fail', 'hang', 'flood'] } as const
const controlSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { keys: behaviour, token: behaviour, rotate_keys: { type: 'boolean' } },
} as const

/** What the issuer is at the moment. The last key signs. */
class IssuerState {
  readonly #options: AppleIssuerOptions
  #wrongKey: Promise<IssuerKey> | undefined
  #keys: readonly IssuerKey[]
  issuer = ''
  behaviour: { keys: Behaviour; token: Behaviour } = { keys: 'ok', token: 'ok' }

  constructor(options: AppleIssuerOptions, keys: readonly IssuerKey[]) {
    this.#options = options
    this.#keys = keys
  }

  publicKeys(): object[] {
    return this.#keys.map(({ kid, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg: 'RS256',
    }))
  }

  async mint({ key: chosen, ...order }: Order): Promise<string> {
    const key = this.#keys.at(-1)
    const audience = this.#options.clientIds[0]
    if (key === undefined || audience === undefined) throw new Error('the issuer needs a key and a client id')
    if (chosen === 'wrong') this.#wrongKey ??= makeIssuerKey()
    const signingKey = (chosen === 'wrong' ? await this.#wrongKey : undefined) ?? key
    return mintIdentityToken(order, { issuer: this.issuer, audience, key, signingKey }, Math.floor(Date.now() / 1_000))
  }

  /** A new key signs from now on, and the one that did is gone from the set. */
  async rotateKeys(): Promise<void> {
    this.#keys = [...this.#keys.slice(0, -1), await makeIssuerKey()]
    if (this.#options.keysFile !== undefined) await saveIssuerKeys(this.#options.keysFile, this.#keys)
  }
}

const floodBytes = 5_000_000

/** Answers as told: normally, with 500, not at all, or with far too much. */
const behaving = async (wanted: Behaviour, reply: FastifyReply, answer: () => unknown): Promise<unknown> => {
  if (wanted === 'hang') return reply.hijack()
  if (wanted === 'fail') return reply.code(500).send({ error: 'server_error' })
  if (wanted === 'flood') return reply.send({ padding: 'x'.repeat(floodBytes) })
  return answer()
}

const addAppleRoutes = (server: FastifyInstance, state: IssuerState, clientIds: readonly string[]): void => {
  const exchanger = new CodeExchanger({ clientIds, mintFor: clientId => state.mint({ claims: { aud: clientId } }) })
  const form = 'application/x-www-form-urlencoded'
  server.addContentTypeParser(form, { parseAs: 'string' }, (_request, text, done) => {
    done(null, new URLSearchParams(String(text)))
  })
  server.get('/auth/keys', (_request, reply) =>
    behaving(state.behaviour.keys, reply, () => ({ keys: state.publicKeys() })),
  )
  const formOf = ({ body }: { body: unknown }): URLSearchParams =>
    body instanceof URLSearchParams ? body : new URLSearchParams()
  server.post('/auth/token', (request, reply) =>
    behaving(state.behaviour.token, reply, async () => {
      const { status, body } = await exchanger.exchange(formOf(request))
      return reply.code(status).send(body)
    }),
  )
  server.post('/auth/revoke', (request, reply) =>
    behaving(state.behaviour.token, reply, () => {
      const { status, body } = exchanger.revoke(formOf(request))
      return reply.code(status).send(body)
    }),
  )
}

const addLocalRoutes = (server: FastifyInstance, state: IssuerState): void => {
  server.post<{ Body: Order }>('/token', { schema: { body: orderSchema } }, async request => ({
    identity_token: await state.mint(request.body),
  }))
  server.post<{ Body: Control }>('/control', { schema: { body: controlSchema } }, async request => {
    const { keys, token, rotate_keys: rotate } = request.body
    state.behaviour = { keys: keys ?? state.behaviour.keys, token: token ?? state.behaviour.token }
    if (rotate === true) await state.rotateKeys()
    return state.behaviour
  })
  server.get('/readyz', () => ({ ready: true }))
}

export const startAppleIssuer = async (options: AppleIssuerOptions): Promise<AppleIssuer> => {
  const state = new IssuerState(options, await loadIssuerKeys(options.keysFile))
  const server = Fastify({
    forceCloseConnections: true,
    bodyLimit: 65_536,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  })
  addAppleRoutes(server, state, options.clientIds)
  addLocalRoutes(server, state)
  await server.listen({ port: options.port, host: options.host ?? '127.0.0.1' })
  const { port } = server.server.address() as AddressInfo
  state.issuer = `http://127.0.0.1:${port}`
  return { port, issuer: state.issuer, stop: () => server.close() }
}
