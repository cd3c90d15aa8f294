// The janitor's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { startTelemetry } from '@cairn/telemetry'

await runService({
  start: async () => {
    // Before anything is loaded that it has to see.
    const telemetry = await startTelemetry({ service: 'janitor', environment: process.env, instrumented: [] })
    const [{ janitorVariables }, { startJanitor }] = await Promise.all([import('./config.ts'), import('./service.ts')])
    const config = readEnvironment(janitorVariables, process.env)
    const logger = createLogger({ service: 'janitor', level: config.logLevel, limits: config, telemetry })
    const stopWithinMs = config.drainWindowMs + 5_000
    const { telemetryStopMs } = config
    return { service: await startJanitor(config, logger), logger, telemetry, telemetryStopMs, stopWithinMs }
  },
})
