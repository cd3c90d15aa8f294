// Metrics by OpenTelemetry's SDK, in the text format of Prometheus for whoever scrapes; with a collector configured, for that
// too. Counted once for each provider there is.
import { monitorEventLoopDelay, performance as clock } from 'node:perf_hooks'
import type { Histogram, Counter, Meter, MeterProvider as AnyMeterProvider } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import {
  counters,
  durations,
  gauges,
  type CounterName,
  type DurationName,
  type GaugeName,
  type MetricLabels,
  type Metrics,
} from '@cairn/runtime'

interface Reading {
  readonly read: () => number
  readonly labels: MetricLabels
}

/** Seconds: from a cached answer to the longest deadline there is. */
const boundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const scope = 'cairn'

const mapValues = <Name extends string, From, To>(
  table: Readonly<Record<Name, From>>,
  make: (name: Name, from: From) => To,
): Record<Name, To> =>
  Object.fromEntries(Object.entries<From>(table).map(([name, from]) => [name, make(name as Name, from)])) as Record<
    Name,
    To
  >

const observeGauges = (meters: readonly Meter[], readings: ReadonlyMap<GaugeName, Reading[]>): void => {
  for (const meter of meters) {
    for (const name of Object.keys(gauges) as GaugeName[]) {
      meter.createObservableGauge(name, gauges[name]).addCallback(result => {
        for (const { read, labels } of readings.get(name) ?? []) result.observe(read(), labels)
      })
    }
  }
}

/** What every process has. */
const measureProcess = (metrics: Metrics): void => {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  let before = clock.eventLoopUtilization()
  metrics.gauge('nodejs.eventloop.delay.p99', () => {
    const seconds = delay.percentile(99) / 1e9
    delay.reset()
    return seconds
  })
  metrics.gauge('nodejs.eventloop.utilization', () => {
    const now = clock.eventLoopUtilization()
    const { utilization } = clock.eventLoopUtilization(now, before)
    before = now
    return utilization
  })
  metrics.gauge('process.memory.usage', () => process.memoryUsage.rss())
  metrics.gauge('v8js.memory.heap.used', () => process.memoryUsage().heapUsed)
  metrics.gauge('process.cpu.time', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
}

/** `also`: a provider of the operator's own making, e.g. that of the SDK for Node. */
export const createMetrics = (service: string, also: readonly AnyMeterProvider[] = []): Metrics => {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const resource = resourceFromAttributes({ 'service.name': service })
  const own = new MeterProvider({ resource, readers: [exporter] })
  const meters: Meter[] = [own, ...also].map(provider => provider.getMeter(scope))
  const histograms: Record<DurationName, Histogram[]> = mapValues(durations, (name, kind) =>
    meters.map(meter => meter.createHistogram(name, { ...kind, advice: { explicitBucketBoundaries: boundaries } })),
  )
  const counts: Record<CounterName, Counter[]> = mapValues(counters, (name, kind) =>
    meters.map(meter => meter.createCounter(name, kind)),
  )
  const readings = new Map<GaugeName, Reading[]>()
  observeGauges(meters, readings)
  const metrics: Metrics = {
    observe: (name, ms, labels) => {
      for (const histogram of histograms[name]) histogram.record(ms / 1_000, labels)
    },
    count: (name, labels) => {
      for (const counter of counts[name]) counter.add(1, labels)
    },
    gauge: (name, read, labels = {}) => {
      readings.set(name, [...(readings.get(name) ?? []), { read, labels }])
    },
    exposition: async () => {
      const { resourceMetrics } = await exporter.collect()
      return new PrometheusSerializer().serialize(resourceMetrics)
    },
  }
  measureProcess(metrics)
  return metrics
}
