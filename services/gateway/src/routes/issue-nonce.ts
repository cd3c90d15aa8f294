// `POST /auth/nonce`: a nonce to put into an Apple sign-in; single use.
import { issueNonce } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/nonce',
  about: {
    tag: 'Sign-in',
    summary: 'Get a nonce',
    description: 'A nonce for one Apple sign-in. It is single use and lives ten minutes.',
  },
  access: 'open',
  tier: 'nonce',
  operation: issueNonce,
  body: issueNonce.request,
  bodyOptional: true,
  payload: () => ({}),
})
