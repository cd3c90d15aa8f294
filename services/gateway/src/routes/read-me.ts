// `GET /me`: the account the access token belongs to.
import { readMe } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/me',
  about: { tag: 'Account', summary: 'Read the account', description: 'The account the access token belongs to.' },
  access: 'bearer',
  tier: 'user',
  operation: readMe,
  payload: () => ({}),
})
