// Progress's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { progressVariables } from './config.ts'
import { startProgress } from './service.ts'

await runService({
  start: async () => {
    const config = readEnvironment(progressVariables, process.env)
    const logger = createLogger({ service: 'progress', level: config.logLevel, limits: config })
    return { service: await startProgress(config, logger), logger, stopWithinMs: config.drainWindowMs + 5_000 }
  },
})
