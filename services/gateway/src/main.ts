// The gateway's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { createMetrics } from '@cairn/telemetry'
import { gatewayVariables } from './config.ts'
import { startGateway } from './service.ts'

await runService({
  start: async () => {
    const config = readEnvironment(gatewayVariables, process.env)
    const metrics = createMetrics('gateway')
    const logger = createLogger({ service: 'gateway', level: config.logLevel, limits: config, metrics })
    return { service: await startGateway(config, logger), logger, stopWithinMs: config.drainWindowMs + 5_000 }
  },
})
