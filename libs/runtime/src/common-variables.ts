// Variables that every service has, so that they mean the same everywhere.
import { integer, natsUrl, oneOf, secretKey, text } from './variables.ts'

export const recorderVariables = {
  flightRecorderRequestLines: integer('FLIGHT_RECORDER_REQUEST_LINES', {
    min: 0,
    max: 10_000,
    fallback: 256,
    description: 'records kept of one request in memory, debug level included; 0 switches the flight recorder off',
  }),
  flightRecorderRequestBytes: integer('FLIGHT_RECORDER_REQUEST_BYTES', {
    min: 1_024,
    max: 262_144,
    fallback: 65_536,
    description: 'bytes kept of one request',
  }),
  flightRecorderTotalBytes: integer('FLIGHT_RECORDER_TOTAL_BYTES', {
    min: 65_536,
    max: 1_073_741_824,
    fallback: 16_777_216,
    description: 'bytes kept of all requests together; of more the older half goes',
  }),
  flightRecorderMaxAgeMs: integer('FLIGHT_RECORDER_MAX_AGE_MS', {
    min: 1_000,
    max: 600_000,
    fallback: 15_000,
    description:
      'age at which a request is given up at the latest, at two fifths of it at the earliest, unless it goes on; longer than anybody waits for an answer',
  }),
} as const

export const incidentVariables = {
  incidentsPerSecond: integer('INCIDENTS_PER_SECOND', {
    min: 1,
    max: 1_000,
    fallback: 20,
    description: 'new incidents a process opens in a second; further failures share the last one',
  }),
  incidentMaxAgeSeconds: integer('INCIDENT_MAX_AGE_S', {
    min: 60,
    max: 315_360_000,
    fallback: 1_209_600,
    description: 'how long an incident is kept, in the stream and where it waits, in seconds (14 days)',
  }),
  incidentPublishTimeoutMs: integer('INCIDENT_PUBLISH_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 2_000,
    description: 'longest wait for JetStream to store a part of an incident, before it goes to the spool',
  }),
  incidentSpoolDirectory: text('INCIDENT_SPOOL_DIRECTORY', {
    fallback: '/var/tmp/cairn-incidents',
    description:
      'where parts of incidents wait while the bus cannot take them, each user in a directory of its own that is made in there; replicas may share it',
  }),
  incidentSpoolBytes: integer('INCIDENT_SPOOL_BYTES', {
    min: 65_536,
    max: 1_099_511_627_776,
    fallback: 67_108_864,
    description: 'most that waits in the spool, of all processes of a user',
  }),
  incidentSpoolFiles: integer('INCIDENT_SPOOL_FILES', {
    min: 10,
    max: 1_000_000,
    fallback: 10_000,
    description:
      'most parts of incidents that wait in the spool, of all processes of a user; looking at them takes time',
  }),
} as const

export const commonVariables = {
  ...recorderVariables,
  ...incidentVariables,
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
  telemetryStopMs: integer('TELEMETRY_STOP_MS', {
    min: 0,
    max: 60_000,
    fallback: 2_000,
    description: 'how long a stopping service, once drained, waits for a collector to take what is left for it',
  }),
  drainWindowMs: integer('DRAIN_WINDOW_MS', {
    min: 0,
    max: 300_000,
    fallback: 20_000,
    description: 'how long a stopping service may take to finish what is in flight',
  }),
} as const
