// The janitor's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { createMetrics } from '@cairn/telemetry'
import { janitorVariables } from './config.ts'
import { startJanitor } from './service.ts'

await runService({
  start: async () => {
    const config = readEnvironment(janitorVariables, process.env)
    const metrics = createMetrics('janitor')
    const logger = createLogger({ service: 'janitor', level: config.logLevel, limits: config, metrics })
    return { service: await startJanitor(config, logger), logger, stopWithinMs: config.drainWindowMs + 5_000 }
  },
})
