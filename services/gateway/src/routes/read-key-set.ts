// `GET /.well-known/jwks.json`: the public signing keys, RFC 7517; for whoever else has to verify access tokens.
import { readKeySet } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/.well-known/jwks.json',
  access: 'open',
  operation: readKeySet,
  payload: () => ({}),
  cacheControl: 'public, max-age=60',
})
