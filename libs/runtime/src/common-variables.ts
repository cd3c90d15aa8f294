// Variables that every service has, so that they mean the same everywhere.
import { integer, natsUrl, oneOf, secretKey, text } from './variables.ts'

export const commonVariables = {
  nodeEnv: oneOf('NODE_ENV', {
    values: ['development', 'test', 'production'],
    fallback: 'production',
    description: 'production refuses whatever exists for development alone',
  }),
  logLevel: oneOf('LOG_LEVEL', {
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    fallback: 'info',
    description: 'least severe level that is written to stdout',
  }),
  natsUrl: natsUrl('NATS_URL', { description: 'the bus, with JetStream, credentials included' }),
  userHashKey: secretKey('USER_HASH_KEY', {
    description: 'key of the HMAC that stands for a user in logs; the same in every service',
  }),
  opsHost: text('OPS_HOST', {
    fallback: '0.0.0.0',
    description: 'address the ops port listens on; probes come from outside a container',
  }),
  drainWindowMs: integer('DRAIN_WINDOW_MS', {
    min: 0,
    max: 300_000,
    fallback: 20_000,
    description: 'how long a stopping service may take to finish what is in flight',
  }),
} as const
