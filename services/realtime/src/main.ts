// The realtime service's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { startTelemetry } from '@cairn/telemetry'

await runService({
  start: async () => {
    // Before anything is loaded that it has to see.
    const telemetry = await startTelemetry({ service: 'realtime', environment: process.env, instrumented: ['ioredis'] })
    const [{ realtimeVariables }, { startRealtime }] = await Promise.all([
      import('./config.ts'),
      import('./service.ts'),
    ])
    const config = readEnvironment(realtimeVariables, process.env)
    const logger = createLogger({ service: 'realtime', level: config.logLevel, limits: config, telemetry })
    const stopWithinMs = config.drainWindowMs + config.closeTimeoutMs + 5_000
    const { telemetryStopMs } = config
    return { service: await startRealtime(config, logger), logger, telemetry, telemetryStopMs, stopWithinMs }
  },
})
