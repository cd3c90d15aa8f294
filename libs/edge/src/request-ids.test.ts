// A proxy's id is ours, a stranger's is noted, and what is no id is nothing.
import { isRequestId } from '@cairn/contracts'
import { expect, it } from 'vitest'
import { readRequestIds } from './request-ids.ts'

const given = (id: string | string[]) => ({ 'x-request-id': id })

it('believes a trusted proxy', () => {
  const ids = readRequestIds(given('from-the-proxy-1'), { throughProxy: true })
  expect(ids).toEqual({ requestId: 'from-the-proxy-1', clientRequestId: undefined })
})

it('notes what a stranger says', () => {
  const { requestId, clientRequestId } = readRequestIds(given('from-a-stranger-1'), { throughProxy: false })
  expect(clientRequestId).toBe('from-a-stranger-1')
  expect(requestId).not.toBe(clientRequestId)
  expect(isRequestId(requestId)).toBe(true)
})

it.each([[given('short')], [given('with spaces in it')], [given(['twice-given-1', 'twice-given-2'])], [{}]])(
  'makes one of its own for %j',
  headers => {
    for (const throughProxy of [true, false]) {
      const { requestId, clientRequestId } = readRequestIds(headers, { throughProxy })
      expect([isRequestId(requestId), clientRequestId]).toEqual([true, undefined])
      expect(requestId).not.toBe('short')
    }
  },
)
