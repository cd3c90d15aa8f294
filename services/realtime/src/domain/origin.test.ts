// Origins that may and may not open a socket.
import { describe, expect, it } from 'vitest'
import { isAllowedOrigin } from './origin.ts'

describe('isAllowedOrigin', () => {
  const allowed = ['https://app.example.com']

  it.each([
    [undefined, true],
    ['https://app.example.com', true],
    ['http://realtime.local:8081', true],
    ['http://realtime.local', false],
    ['https://evil.example.com', false],
    ['https://app.example.com.evil.com', false],
    ['null', false],
    ['', false],
  ])('Origin %s: %s', (origin, expected) => {
    expect(isAllowedOrigin({ origin, host: 'realtime.local:8081' }, allowed)).toBe(expected)
  })
})
