// What Cairn keeps in JetStream: its streams, each with limits, and the one durable consumer.
import { AckPolicy, DeliverPolicy, DiscardPolicy, ReplayPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import {
  authEventsStream,
  eraseUserConsumer,
  incidentStream,
  incidentSubjects,
  logAdvancedSubjects,
  progressLogStream,
  sessionEndedSubjects,
  userDeletedSubjects,
  userSignedOutSubjects,
} from '@cairn/contracts'
import type { StreamsConfig } from './stream-variables.ts'

export interface StreamLimits {
  readonly name: string
  readonly subjects: readonly string[]
  readonly maxAgeMs: number
  readonly maxBytes: number
  /** A message id seen again within this time, while its message is there, is not a second event. */
  readonly duplicateWindowMs: number
  /** Of a subject; unbounded when left out. */
  readonly maxMessagesPerSubject?: number
  /** Whether messages can be erased on request; by age, size and number they go anyway. NATS never takes it back that they cannot. */
  readonly erasable: boolean
  /** In how many servers; 1 when left out. */
  readonly replicas?: number
}

export const streamsOf = (config: StreamsConfig): readonly StreamLimits[] => [
  {
    name: authEventsStream,
    subjects: [sessionEndedSubjects, userSignedOutSubjects, userDeletedSubjects],
    maxAgeMs: config.authMaxAgeSeconds * 1_000,
    maxBytes: config.authMaxBytes,
    duplicateWindowMs: config.authDuplicateWindowMs,
    erasable: false,
    replicas: config.streamReplicas,
  },
  {
    name: progressLogStream,
    subjects: [logAdvancedSubjects],
    maxAgeMs: config.progressMaxAgeMs,
    maxBytes: config.progressMaxBytes,
    duplicateWindowMs: config.progressDuplicateWindowMs,
    // Progress purges it of a deleted user. Nothing reads it back, and what it had is in the log.
    erasable: true,
    replicas: config.streamReplicas,
  },
  {
    name: incidentStream,
    subjects: [incidentSubjects()],
    maxAgeMs: config.incidentMaxAgeSeconds * 1_000,
    maxBytes: config.incidentMaxBytes,
    duplicateWindowMs: 120_000,
    // A part that is sent again replaces the earlier one.
    maxMessagesPerSubject: 1,
    erasable: false,
    replicas: config.streamReplicas,
  },
]

/** As JetStream knows it, of all that may be said of a stream: what is not named here may not be set (compare.ts). */
export const streamConfigOf = (limits: StreamLimits) => ({
  // A message stays whoever has taken it, and over a restart.
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_consumers: -1,
  subjects: [...limits.subjects],
  max_age: nanos(limits.maxAgeMs),
  max_bytes: limits.maxBytes,
  // JetStream refuses a longer window than messages are kept.
  duplicate_window: nanos(Math.min(limits.duplicateWindowMs, limits.maxAgeMs)),
  max_msgs: -1,
  max_msgs_per_subject: limits.maxMessagesPerSubject ?? -1,
  max_msg_size: -1,
  num_replicas: limits.replicas ?? 1,
  // When it is full the oldest goes, and whoever publishes hears that a message is stored.
  discard: DiscardPolicy.Old,
  no_ack: false,
  // JetStream's own answer may be sent where it is a request to erase (decision 14): only the stream itself can refuse that.
  deny_purge: !limits.erasable,
  deny_delete: !limits.erasable,
})

/** A member that says nothing about a message for so long has lost it to another. */
const defaultAckWaitMs = 30_000

/** It is asked for messages; it has no subject that it would send them to. Nothing else may be set of it either (compare.ts). */
export const durableConsumer = (name: string, subject: string, ackWaitMs: number = defaultAckWaitMs) => ({
  durable_name: name,
  filter_subject: subject,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(ackWaitMs),
  max_deliver: -1,
  replay_policy: ReplayPolicy.Instant,
  // As many of its members may ask at the same time.
  max_waiting: 512,
  // Messages that wait to be handed out again count; beyond this, new ones wait too.
  max_ack_pending: 20_000,
})

export const consumers = [
  { stream: authEventsStream, config: durableConsumer(eraseUserConsumer, userDeletedSubjects) },
] as const
