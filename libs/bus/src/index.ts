// NATS as Cairn uses it: request and serve, publish and subscribe, streams; deadlines, trace headers, drain.
export { Bus, type BusOptions } from './connection.ts'
export { consume, type ConsumeOptions, type Consuming, type Handled } from './consume.ts'
export * from './events.ts'
export { keepIncidents, type IncidentKeeper, type IncidentOptions } from './incidents/keep-incidents.ts'
export { readIncidents, type IncidentReader } from './incidents/read-incidents.ts'
export {
  outboxToStream,
  type CommittedMessage,
  type OutboxMessage,
  type OutboxPublisher,
  type OutboxToStreamOptions,
} from './outbox-to-stream.ts'
export { request, type RequestOptions } from './request.ts'
export { runJob, type Job } from './run-job.ts'
export {
  route,
  routeWith,
  serve,
  type Call,
  type Handler,
  type Route,
  type ServeOptions,
  type Serving,
} from './serve.ts'
export { purgeSubject, readStreamUsage, streamPublisher, type StreamPublisher, type StreamUsage } from './stream.ts'
