// Progress's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { startTelemetry } from '@cairn/telemetry'

await runService({
  start: async () => {
    // Before anything is loaded that it has to see.
    const telemetry = await startTelemetry({ service: 'progress', environment: process.env, instrumented: ['pg'] })
    const [{ progressVariables }, { startProgress }] = await Promise.all([
      import('./config.ts'),
      import('./service.ts'),
    ])
    const config = readEnvironment(progressVariables, process.env)
    const logger = createLogger({ service: 'progress', level: config.logLevel, limits: config, telemetry })
    const stopWithinMs = config.drainWindowMs + 5_000
    const { telemetryStopMs } = config
    return { service: await startProgress(config, logger), logger, telemetry, telemetryStopMs, stopWithinMs }
  },
})
