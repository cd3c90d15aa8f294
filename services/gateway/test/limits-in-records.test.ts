// What an incident's records say of limits: the name of one is no secret, though that of a field would be.
import { issueNonce } from '@cairn/contracts'
import { afterEach, expect, it } from 'vitest'
import { startEdge, type Edge } from './edge.ts'

let edge: Edge
afterEach(async () => {
  await edge.stop()
})

it('what is left of each limit stands in the record of asking the owner', async () => {
  edge = await startEdge({ GATEWAY_LIMIT_SIGN_IN_PER_ADDRESS: '5', GATEWAY_LIMIT_PER_ADDRESS: '1000' })
  edge.answer(issueNonce, () => Promise.reject(new Error('broken')))
  expect((await edge.call('/api/v1/auth/nonce', { method: 'POST' })).status).toBe(500)
  const record = edge.logs.lines.find(line => line.includes('asks the owner') && line.includes(issueNonce.subject))
  const { left } = JSON.parse(record ?? '{}') as { left?: unknown }
  expect(left).toMatchObject([{ policy: 'address' }, { policy: 'nonce', remaining: 4 }])
})
