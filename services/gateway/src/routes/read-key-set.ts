// `GET /.well-known/jwks.json`: the public signing keys, RFC 7517; for whoever else has to verify access tokens. While auth is
// away these are the keys that this process verifies with.
import { readKeySet } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/.well-known/jwks.json',
  about: {
    tag: 'Service',
    summary: 'Read the signing keys',
    description: 'The public keys of access tokens, for whoever else has to verify them.',
  },
  access: 'open',
  tier: 'public',
  operation: readKeySet,
  payload: () => ({}),
  cacheControl: 'public, max-age=60',
  whileAway: ({ guard }) => (guard.keySet().keys.length > 0 ? guard.keySet() : undefined),
})
