// `POST /auth/apple/notifications`: Apple's server-to-server events, authenticated by their own signature.
import { receiveAppleNotification, type AppleNotification } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/apple/notifications',
  about: {
    tag: 'Sign-in',
    summary: 'Receive a notification of Apple',
    description:
      'For Apple’s servers: server-to-server events, authenticated by their own signature. Repeats and unknown subjects are fine.',
  },
  refusals: ['token_invalid'],
  access: 'open',
  tier: 'notification',
  operation: receiveAppleNotification,
  body: receiveAppleNotification.request,
  payload: request => ({ payload: (request.body as AppleNotification).payload }),
})
