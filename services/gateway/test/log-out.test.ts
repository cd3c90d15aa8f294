// Logging out with an access token that is good for nothing, and a refresh token that may be.
import { randomUUID } from 'node:crypto'
import { CairnError, logOut } from '@cairn/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startEdge, type Edge } from './edge.ts'

let edge: Edge
let asked: unknown[] = []
beforeAll(async () => {
  edge = await startEdge()
  edge.answer(logOut, async (payload, { caller }) => {
    asked.push({ payload, caller })
    if (payload.refresh_token !== 'good') throw new CairnError('token_invalid')
    return {}
  })
})
beforeEach(() => {
  asked = []
})
afterAll(async () => {
  await edge.stop()
})

const seconds = Math.floor(Date.now() / 1_000)
const tokens: [string, string, () => string][] = [
  ['expired', 'token_expired', () => edge.token(randomUUID(), { iat: seconds - 4_200, exp: seconds - 3_600 })],
  ['malformed', 'token_invalid', () => 'bad'],
]

describe.each(tokens)('an access token that is %s', (_name, code, token) => {
  const post = (options: object) => edge.call('/api/v1/auth/logout', { method: 'POST', token: token(), ...options })

  it('does not stand in the way of a refresh token, and is not who asks', async () => {
    const payload = { refresh_token: 'good' }
    expect((await post({ body: payload })).status).toBe(204)
    expect(asked).toEqual([{ payload, caller: undefined }])
  })

  it('is refused as what it is without one', async () => {
    expect(await post({})).toMatchObject({ status: 401, body: { code } })
    expect(await post({ body: {} })).toMatchObject({ status: 401, body: { code } })
    expect(asked).toEqual([])
  })

  it('is refused beside a refresh token that is refused', async () => {
    const refused = await post({ body: { refresh_token: 'bad' } })
    expect(refused).toMatchObject({ status: 401, body: { code: 'token_invalid' } })
  })
})
