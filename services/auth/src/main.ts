// Auth's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { createMetrics } from '@cairn/telemetry'
import { authVariables } from './config.ts'
import { startAuth } from './service.ts'

await runService({
  start: async () => {
    const config = readEnvironment(authVariables, process.env)
    const metrics = createMetrics('auth')
    const logger = createLogger({ service: 'auth', level: config.logLevel, limits: config, metrics })
    return { service: await startAuth(config, logger), logger, stopWithinMs: config.drainWindowMs + 5_000 }
  },
})
