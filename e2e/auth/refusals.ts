// What every refusal has to be: one body for all token faults, and no trace of what was sent in any log.
import { isUuid, type Problem } from '@cairn/contracts'
import type { Answer } from '@cairn/testkit'
import { expect } from 'vitest'

const titles = { token_invalid: 'The token is not valid', token_expired: 'The token has expired' } as const

/** The whole answer is compared, so that nothing finer than the code can get in. */
export const expectRefused = (answer: Answer<unknown>, code: keyof typeof titles = 'token_invalid'): void => {
  const { request_id: requestId, ...rest } = answer.body as Problem
  expect(rest).toEqual({ type: `https://cairn.dev/errors/${code}`, title: titles[code], status: 401, code })
  expect(requestId).toMatch(/^[\w-]{22}$/)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
}

const shortestSecret = 12

/** Collects what must never be logged: whole tokens, and each of their longer parts. */
export class Secrets {
  readonly #texts = new Set<string>()

  add<T extends string>(text: T): T {
    for (const part of [text, ...text.split('.')]) {
      // A session's id is public: it stands in access and refresh tokens in clear, and in the log when the session ends.
      if (part.length >= shortestSecret && part.length < 10_000 && !(part !== text && isUuid(part)))
        this.#texts.add(part)
    }
    return text
  }

  get size(): number {
    return this.#texts.size
  }

  /** The log lines that hold any of them. */
  linesWith(lines: readonly string[]): string[] {
    const all = lines.join('\n')
    const found = [...this.#texts].filter(text => all.includes(text))
    return lines.filter(line => found.some(text => line.includes(text)))
  }
}
