// The realtime service's process.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { createMetrics } from '@cairn/telemetry'
import { realtimeVariables } from './config.ts'
import { startRealtime } from './service.ts'

await runService({
  start: async () => {
    const config = readEnvironment(realtimeVariables, process.env)
    const metrics = createMetrics('realtime')
    const logger = createLogger({ service: 'realtime', level: config.logLevel, limits: config, metrics })
    return { service: await startRealtime(config, logger), logger, stopWithinMs: config.drainWindowMs + 5_000 }
  },
})
