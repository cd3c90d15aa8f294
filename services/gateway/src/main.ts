// The gateway's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { startTelemetry } from '@cairn/telemetry'

await runService({
  start: async () => {
    // Before anything is loaded that it has to see.
    const telemetry = await startTelemetry({ service: 'gateway', environment: process.env, instrumented: ['ioredis'] })
    const [{ gatewayVariables }, { startGateway }] = await Promise.all([import('./config.ts'), import('./service.ts')])
    const config = readEnvironment(gatewayVariables, process.env)
    const logger = createLogger({ service: 'gateway', level: config.logLevel, limits: config, telemetry })
    const stopWithinMs = config.drainNoticeMs + config.drainWindowMs + 5_000
    const { telemetryStopMs } = config
    return { service: await startGateway(config, logger), logger, telemetry, telemetryStopMs, stopWithinMs }
  },
})
