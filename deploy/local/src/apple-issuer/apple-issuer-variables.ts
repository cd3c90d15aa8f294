// Everything that can be set of the local Apple issuer.
import { variable, type ConfigOf } from '@cairn/runtime'

export const appleIssuerVariables = {
  port: variable.port('APPLE_ISSUER_PORT', { fallback: 8089, description: 'port of the local Apple issuer' }),
  host: variable.text('APPLE_ISSUER_HOST', {
    fallback: '127.0.0.1',
    description: 'address the local Apple issuer listens on; anybody who reaches it can be anybody',
  }),
  clientIds: variable.list('APPLE_CLIENT_IDS', {
    description: 'client ids Apple knows the app by; the first is the audience of tokens that name none',
  }),
  keysFile: variable.text('APPLE_KEYS_FILE', {
    fallback: '.local/apple-issuer/keys.json',
    description: 'where the issuer keeps its RSA keys over restarts; made when absent, readable by its owner alone',
  }),
  logLevel: variable.oneOf('LOG_LEVEL', {
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    fallback: 'info',
    description: 'least severe level that is written to stdout',
  }),
} as const

export type AppleIssuerConfig = ConfigOf<typeof appleIssuerVariables>
