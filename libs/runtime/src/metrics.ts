// What a service measures: a closed catalogue, so that dashboards, alerts and code speak of the same names. Who collects is
// given from outside; without anybody, measuring costs a call and nothing else.

export interface MetricKind {
  /** Of the Unified Code for Units of Measure, as OpenTelemetry wants it. */
  readonly unit: string
  readonly description: string
}

const metric = (unit: string, description: string): MetricKind => ({ unit, description })

/** By the field's names where it has some, else under `cairn.`. */
export const durations = {
  'http.server.request.duration': metric('s', 'HTTP requests answered, by method, route and status'),
  'messaging.client.operation.duration': metric('s', 'requests to owners over the bus, by subject and outcome'),
  'messaging.process.duration': metric('s', 'requests and events worked on, by subject or consumer and outcome'),
  'cairn.job.duration': metric('s', 'runs of jobs, by job and outcome'),
} as const satisfies Record<string, MetricKind>

export const counters = {
  'cairn.incidents': metric('{incident}', 'failures that got an incident id, by code'),
} as const satisfies Record<string, MetricKind>

export const gauges = {
  'cairn.bus.connected': metric('1', '1 while NATS is connected'),
  'cairn.bus.in_flight': metric('{message}', 'requests and events being worked on'),
  'cairn.bus.subscriptions': metric('{subscription}', 'subscriptions at NATS'),
  'cairn.stream.missing': metric('1', '1 while a stream, or a consumer of it, is missing that this service works with'),
  'cairn.flight_recorder.size': metric('By', 'bytes the flight recorder holds'),
  'cairn.outbox.age': metric('s', 'how long the relay of the outbox has not got everything published'),
  'cairn.commit_queue.events': metric('{event}', 'events that wait to be committed'),
  'cairn.job.rows': metric('{row}', 'rows a job has deleted since the janitor started'),
  'cairn.job.batches': metric('{request}', 'requests of a job that owners have answered since the janitor started'),
  'cairn.job.longest_batch': metric('s', 'longest request of the last run of a job'),
  'cairn.job.complete': metric(
    '1',
    '1 when the last run of a job got through, 0 when its budget or a failure ended it',
  ),
  'cairn.job.oldest_left': metric('s', 'for how long the oldest row has been due that a job left'),
  'cairn.job.silence': metric('1', 'time since a job last got through, in times its period'),
  'cairn.table.rows': metric('{row}', 'rows of a table, as the planner estimates them'),
  'cairn.table.size': metric('By', 'size of a table with its indexes'),
  'cairn.sockets': metric('{socket}', 'sockets of this node'),
  'db.client.connection.count': metric('{connection}', 'connections to PostgreSQL, by state'),
  'db.client.connection.pending_requests': metric('{request}', 'requests that wait for a connection'),
  'nodejs.eventloop.delay.p99': metric('s', '99th percentile of the delay of the event loop since the last look'),
  'nodejs.eventloop.utilization': metric('1', 'share of time the event loop was busy since the last look'),
  'process.memory.usage': metric('By', 'resident memory'),
  'v8js.memory.heap.used': metric('By', 'JavaScript heap in use, garbage not yet collected with it'),
  'process.cpu.time': metric('s', 'CPU used so far'),
} as const satisfies Record<string, MetricKind>

export type DurationName = keyof typeof durations
export type CounterName = keyof typeof counters
export type GaugeName = keyof typeof gauges
/** Few values each: what is counted is kept for every combination there was. */
export type MetricLabels = Readonly<Record<string, string | number>>

export interface Metrics {
  observe(name: DurationName, ms: number, labels: MetricLabels): void
  count(name: CounterName, labels: MetricLabels): void
  /** `read` is called whenever somebody collects. */
  gauge(name: GaugeName, read: () => number, labels?: MetricLabels): void
  /** Everything in the text format of Prometheus. */
  exposition(): Promise<string>
}

export const noMetrics: Metrics = {
  observe: () => undefined,
  count: () => undefined,
  gauge: () => undefined,
  exposition: () => Promise.resolve(''),
}
