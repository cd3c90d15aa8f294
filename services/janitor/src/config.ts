// Everything that can be set of the janitor.
import { commonVariables, variable, type ConfigOf } from '@cairn/runtime'

export const janitorVariables = {
  ...commonVariables,
  opsPort: variable.port('JANITOR_OPS_PORT', { fallback: 9105, description: 'ops port of the janitor' }),
  everyMs: variable.integer('JANITOR_EVERY_MS', {
    min: 1_000,
    max: 86_400_000,
    fallback: 60_000,
    description: 'pause between two runs of a job; each is moved by up to a tenth at random',
  }),
  requestTimeoutMs: variable.integer('JANITOR_REQUEST_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description: 'longest wait for the answer to one bounded clean-up request',
  }),
} as const

export type JanitorConfig = ConfigOf<typeof janitorVariables>
