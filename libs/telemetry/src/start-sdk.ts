// OpenTelemetry's SDK for Node, configured by its standard variables, beside Cairn's own spans and log lines.
import { metrics as metricsApi } from '@opentelemetry/api'
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { sampleTraces, type Telemetry } from '@cairn/runtime'
import { assertInEffect } from './assert-in-effect.ts'
import { GivenIds } from './given-ids.ts'
import { instrumentationsOf } from './instrumentations.ts'
import { lineExport } from './line-export.ts'
import { createMetrics } from './otel-metrics.ts'
import { RequestContextManager } from './request-context-manager.ts'
import { samplesTrace, spanExport } from './span-export.ts'
import type { TelemetryOptions } from './start-telemetry.ts'

export const startSdk = async ({ service, instrumented }: TelemetryOptions): Promise<Telemetry> => {
  const ids = new GivenIds()
  const sdk = new NodeSDK({
    serviceName: service,
    instrumentations: [...(await instrumentationsOf(instrumented)), new RuntimeNodeInstrumentation()],
    contextManager: new RequestContextManager(),
    idGenerator: ids,
  })
  sdk.start()
  await assertInEffect(instrumented)
  sampleTraces(samplesTrace(ids))
  return {
    metrics: createMetrics(service, [metricsApi.getMeterProvider()]),
    exportSpan: spanExport(ids),
    exportLine: lineExport(),
    stop: () => sdk.shutdown(),
  }
}
