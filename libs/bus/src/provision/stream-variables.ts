// Everything that can be set of the streams, read where they are made.
import { incidentVariables, variable, type ConfigOf } from '@cairn/runtime'

const maxBytes = (name: string, fallback: number, description: string) =>
  variable.integer(name, { min: 1_048_576, max: 1_099_511_627_776, fallback, description })

export const streamVariables = {
  streamReplicas: variable.integer('NATS_STREAM_REPLICAS', {
    min: 1,
    max: 5,
    fallback: 1,
    description: 'in how many servers of a NATS cluster each stream is kept; 3 where there are three',
  }),
  authMaxAgeSeconds: variable.integer('AUTH_STREAM_MAX_AGE_S', {
    min: 3_600,
    max: 31_536_000,
    fallback: 2_592_000,
    description:
      "how long the stream of auth's events keeps one, in seconds (30 days); an owner that is down longer misses deletions",
  }),
  authMaxBytes: maxBytes('AUTH_STREAM_MAX_BYTES', 268_435_456, "how much the stream of auth's events keeps"),
  authDuplicateWindowMs: variable.integer('AUTH_STREAM_DUPLICATE_WINDOW_MS', {
    min: 1_000,
    max: 3_600_000,
    fallback: 120_000,
    description:
      'within this time an event of auth published again is not a second one; no longer than the stream keeps one',
  }),
  progressMaxAgeMs: variable.integer('PROGRESS_STREAM_MAX_AGE_MS', {
    min: 60_000,
    max: 31_536_000_000,
    fallback: 86_400_000,
    description: 'how long the stream of changes keeps a message; the log itself is kept for ever',
  }),
  progressMaxBytes: maxBytes('PROGRESS_STREAM_MAX_BYTES', 536_870_912, 'how much the stream of changes keeps'),
  progressDuplicateWindowMs: variable.integer('PROGRESS_STREAM_DUPLICATE_WINDOW_MS', {
    min: 1_000,
    max: 3_600_000,
    fallback: 120_000,
    description: 'within this time a change published again is not a second one; no longer than the stream keeps one',
  }),
  incidentMaxAgeSeconds: incidentVariables.incidentMaxAgeSeconds,
  incidentMaxBytes: maxBytes(
    'INCIDENT_STREAM_BYTES',
    1_073_741_824,
    'size of the stream that keeps incidents; of more the oldest go',
  ),
} as const

export type StreamsConfig = ConfigOf<typeof streamVariables>
