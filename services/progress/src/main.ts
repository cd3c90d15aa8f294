// Progress's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { createMetrics } from '@cairn/telemetry'
import { progressVariables } from './config.ts'
import { startProgress } from './service.ts'

await runService({
  start: async () => {
    const config = readEnvironment(progressVariables, process.env)
    const metrics = createMetrics('progress')
    const logger = createLogger({ service: 'progress', level: config.logLevel, limits: config, metrics })
    return { service: await startProgress(config, logger), logger, stopWithinMs: config.drainWindowMs + 5_000 }
  },
})
