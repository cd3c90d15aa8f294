// Auth's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { startTelemetry } from '@cairn/telemetry'

await runService({
  start: async () => {
    // Before anything is loaded that it has to see.
    const telemetry = await startTelemetry({
      service: 'auth',
      environment: process.env,
      instrumented: ['pg', 'undici'],
    })
    const [{ authVariables }, { startAuth }] = await Promise.all([import('./config.ts'), import('./service.ts')])
    const config = readEnvironment(authVariables, process.env)
    const logger = createLogger({ service: 'auth', level: config.logLevel, limits: config, telemetry })
    const stopWithinMs = config.drainWindowMs + 5_000
    const { telemetryStopMs } = config
    return { service: await startAuth(config, logger), logger, telemetry, telemetryStopMs, stopWithinMs }
  },
})
