// Whose work a group is: groups begin wherever the one before them has ended, which is no request of theirs.
import {
  continueTrace,
  createLogger,
  requestContext,
  runInRequest,
  startSpan,
  type RequestContext,
} from '@cairn/runtime'
import { expect, it } from 'vitest'
import type { Submission } from './commit-group.ts'
import { traceGroup } from './trace-group.ts'

const { recorder } = createLogger({ service: 'test', level: 'info', destination: { write: () => undefined } })
const requestOf = (requestId: string, flags = '01'): RequestContext =>
  requestContext(requestId, { ...continueTrace(), flags })
const submissionOf = (request?: RequestContext): Submission => ({ userId: 'u', events: [], receivedAtMs: 0, request })
const spansOf = (requestId: string) => recorder.find(requestId)?.spans ?? []

it('the span of a group belongs to its first request, and is linked to all', async () => {
  const requests = ['a first', 'a second'].map(id => requestOf(id))
  await runInRequest(requestOf('before'), () =>
    traceGroup(recorder, requests.map(submissionOf), () => Promise.resolve('done')),
  )
  expect(spansOf('a first')).toMatchObject([
    { name: 'commit group', parent_id: requests[0]?.trace.spanId, links: requests.map(({ trace }) => trace) },
  ])
  expect([...spansOf('a second'), ...spansOf('before')]).toEqual([])
})

it('belongs to one that is sampled, if there is any', async () => {
  const requests = [requestOf('b first', '00'), requestOf('b second'), requestOf('b third')]
  await traceGroup(recorder, requests.map(submissionOf), () => Promise.resolve())
  expect(spansOf('b second')).toMatchObject([{ name: 'commit group' }])
  expect([...spansOf('b first'), ...spansOf('b third')]).toEqual([])
})

it('what led to a failure is in the records of each of its requests, any of which an incident may be opened for', async () => {
  const requests = [requestOf('d first', '00'), requestOf('d second'), requestOf('d third')]
  runInRequest(requests[1], () => startSpan(recorder, { name: 'before', kind: 'internal' })?.end())
  const failed = traceGroup(recorder, requests.map(submissionOf), async () => {
    startSpan(recorder, { name: 'a statement', kind: 'client' })?.end('57P01')
    await Promise.reject(new Error('no'))
  })
  await expect(failed).rejects.toThrow('no')
  const waterfall = [
    { name: 'a statement', error: '57P01' },
    { name: 'commit group', error: 'failed' },
  ]
  expect(spansOf('d second')).toMatchObject([{ name: 'before' }, ...waterfall])
  for (const other of [requests[0], requests[2]]) {
    const parent_id = other?.trace.spanId
    expect(spansOf(other?.requestId ?? '')).toMatchObject(waterfall.map(span => ({ ...span, parent_id })))
  }
})

it('that of requests nobody knows belongs to none', async () => {
  await runInRequest(requestOf('c'), () => traceGroup(recorder, [submissionOf()], () => Promise.resolve()))
  expect(spansOf('c')).toEqual([])
})
