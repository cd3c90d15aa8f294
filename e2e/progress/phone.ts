// A phone that writes its JSON by hand, so that it can send what no serialiser would.
import { randomUUID } from 'node:crypto'
import type { Problem, Receipt, SubmitResult } from '@cairn/contracts'
import { call, signInAsGuest, type Answer } from '@cairn/testkit'
import type { Stack } from '@cairn/testkit/stack'
import { expect } from 'vitest'

export interface Phone {
  readonly userId: string
  /** Posts a body as it is; objects as JSON. */
  post<Body = SubmitResult>(body: unknown): Promise<Answer<Body>>
  /** `path` below `/api/v1/progress`. */
  get<Body = Record<string, unknown>>(path: string): Promise<Answer<Body>>
  /** Sends events that are JSON already; the answer has to be 200 and a receipt for each. */
  submit(...events: readonly string[]): Promise<SubmitResult>
}

export const newPhone = async (stack: Stack): Promise<Phone> => {
  const { access_token: token, user } = await signInAsGuest(stack)
  const post: Phone['post'] = body => call(stack.gatewayUrl, '/api/v1/progress/events', { method: 'POST', token, body })
  return {
    userId: user.id,
    post,
    get: path => call(stack.gatewayUrl, `/api/v1/progress${path}`, { token }),
    submit: async (...events) => {
      const { status, body } = await post(`{"events":[${events.join(',')}]}`)
      expect(status).toBe(200)
      expect(body.results).toHaveLength(events.length)
      return body
    },
  }
}

/** A field left out, where `undefined` could be taken for a value. */
export const leftOut = Symbol('left out')

const soundFields = (): Record<string, string> => ({
  event_id: `"${randomUUID()}"`,
  track_id: '"course"',
  item_id: '"lesson"',
  kind: '"practiced"',
  occurred_at: '"2024-03-01T10:00:00.000Z"',
})

/** An event as JSON; values are JSON texts, given as they are. A symbol leaves a field out. */
export const eventText = (fields: Readonly<Record<string, string | typeof leftOut>> = {}): string => {
  const entries = Object.entries({ ...soundFields(), ...fields }).filter(([, value]) => value !== leftOut)
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${String(value)}`).join(',')}}`
}

/** The fields that a receipt complains of. */
export const faultsOf = (receipt: Receipt | undefined): (string | undefined)[] =>
  (receipt?.errors ?? []).map(fault => fault.path)

/** A refusal that names the field: the last part of a path, or the message where the field is not there to be pointed at. */
export const expectFieldFault = ({ status, body }: Answer<unknown>, field: string): void => {
  const { code, errors = [] } = body as Problem
  expect([status, code]).toEqual([400, 'invalid_request'])
  expect(errors.map(({ path, message }) => `${path} ${message}`).join()).toMatch(new RegExp(`\\b${field}\\b`))
}
