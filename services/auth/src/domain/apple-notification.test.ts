// What counts as a notification of Apple, and how its events are read.
import { describe, expect, it } from 'vitest'
import { judgeNotification } from './apple-notification.ts'

const now = 1_800_000_000
const rules = { issuers: ['https://apple'], clientIds: ['app', 'web'], now, maxAgeSeconds: 1_000, skewSeconds: 60 }
const happenedAtMs = (now - 500) * 1_000
const event = { type: 'consent-revoked', sub: '001.a', event_time: happenedAtMs }
const claims = { iss: 'https://apple', aud: 'web', jti: 'j', iat: now, events: JSON.stringify(event) }

describe('a notification', () => {
  it.each<[string, object]>([
    ['as it is', {}],
    ['with events as an object', { events: event }],
    ['with events as a list', { events: [event] }],
    ['with events as a string of a list', { events: JSON.stringify([event]) }],
    ['of a while ago', { iat: now - 1_000 }],
    ['with its end ahead', { exp: now + 1 }],
  ])('%s is read', (_name, change) => {
    expect(judgeNotification({ ...claims, ...change }, rules)).toEqual({
      id: 'j',
      events: [{ kind: 'consent_revoked', subject: '001.a', happenedAtMs }],
    })
  })

  it.each([
    ['account-delete', 'account_deleted'],
    ['account-deleted', 'account_deleted'],
    ['email-disabled', 'other'],
    ['constructor', 'other'],
  ])('%s is %s', (type, kind) => {
    expect(judgeNotification({ ...claims, events: { ...event, type } }, rules)).toMatchObject({ events: [{ kind }] })
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['text', String(happenedAtMs)],
    ['no number', Number.NaN],
    ['seconds', now - 500],
    ['before there was any', 0],
    ['ahead', now * 1_000 + 1],
    ['past all dates', Number.MAX_SAFE_INTEGER],
  ])('of an event whose time is %s happens now', (_name, time) => {
    expect(judgeNotification({ ...claims, events: { ...event, event_time: time } }, rules)).toMatchObject({
      events: [{ happenedAtMs: now * 1_000 }],
    })
  })

  it.each([['{'], [[null, 5, {}]], [{ type: 'consent-revoked', sub: 5 }], [{ type: 'consent-revoked', sub: 'a\n' }]])(
    'with events %j tells nothing',
    events => {
      expect(judgeNotification({ ...claims, events }, rules)).toEqual({ id: 'j', events: [] })
    },
  )

  it.each<[string, object]>([
    ['issuer', { iss: 'https://evil' }],
    ['audience', { aud: ['app'] }],
    ['id', { jti: undefined }],
    ['id', { jti: '' }],
    ['events', { events: undefined }],
    ['issued_at', { iat: undefined }],
    ['issued_at', { iat: now + 61 }],
    ['issued_at', { iat: now - 1_061 }],
    ['expired', { exp: now - 60 }],
    ['expired', { exp: 'never' }],
  ])('with a wrong %s is none: %j', (fault, change) => {
    expect(judgeNotification({ ...claims, ...change }, rules)).toBe(fault)
  })
})
