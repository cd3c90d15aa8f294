// HTTP as tests speak it: each answer is checked for the ids that every answer must carry, and against
// `openapi.yaml`, whatever the test is about.
import assert from 'node:assert/strict'
import { ContractDocument } from './documented-answers.ts'
import { noteIncident } from './noted-incidents.ts'

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly token?: string
  /** Sent as JSON; a string or bytes are sent as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** More for those of many at once. */
  readonly timeoutMs?: number
}

export interface Answer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

const assertIds = (gatewayUrl: string, response: Response, body: unknown): void => {
  const requestId = response.headers.get('x-request-id')
  assert.match(requestId ?? '', /^[A-Za-z0-9_-]{8,64}$/, `${response.url}: x-request-id`)
  if (typeof body !== 'object' || body === null || 'keys' in body) return
  assert.equal((body as { request_id?: string }).request_id, requestId, `${response.url}: request_id in the body`)
  if (response.status < 500) return
  assert.match(
    (body as { incident_id?: string }).incident_id ?? '',
    /^inc_[0-9A-HJKMNP-TV-Z]{26}$/,
    `${response.url}: incident_id`,
  )
  assert.equal((body as { incident_id?: string }).incident_id, response.headers.get('x-incident-id'))
  noteIncident(gatewayUrl, (body as { incident_id: string }).incident_id)
}

/** What `openapi.yaml` allows for, and what of it was seen in this file. */
export const contract = new ContractDocument()

/** One request to the gateway. `path` is below the server's root, e.g. `/api/v1/me`. */
export const call = async <Body = Record<string, unknown>>(
  gatewayUrl: string,
  path: string,
  { method = 'GET', token, body, headers = {}, timeoutMs = 15_000 }: Call = {},
): Promise<Answer<Body>> => {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(`${gatewayUrl}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  const parsed: unknown = text === '' ? undefined : JSON.parse(text)
  assertIds(gatewayUrl, response, parsed)
  const { status, headers: answered } = response
  contract.check({ method, path: path.split('?', 1)[0] ?? '', status, headers: answered, body: parsed })
  return { status: response.status, headers: response.headers, body: parsed as Body }
}
