// The process of the local Apple issuer.
import { createLogger, readEnvironment, runService } from '@cairn/runtime'
import { appleIssuerVariables } from './apple-issuer-variables.ts'
import { startAppleIssuer } from './apple-issuer.ts'

await runService({
  start: async () => {
    const config = readEnvironment(appleIssuerVariables, process.env)
    const logger = createLogger({ service: 'apple-issuer', level: config.logLevel })
    const service = await startAppleIssuer(config)
    logger.info({ port: service.port, issuer: service.issuer }, 'the local Apple issuer listens')
    return { service, logger, stopWithinMs: 2_000 }
  },
})
