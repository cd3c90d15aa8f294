// Which services own a schema: those with a `src/migrations` directory. The schema is called like the service, and
// `<SERVICE>_DATABASE_URL` is what the service connects with.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { OwnerSchema } from './migrate.ts'

export const serviceUrlVariable = (service: string): string => `${service.toUpperCase()}_DATABASE_URL`

/** Same server and database as the migrator's, the role `cairn_<service>`, no password: it cannot log in until it gets one. */
const defaultUrl = (databaseUrl: string, service: string): string => {
  const url = new URL(databaseUrl)
  url.username = `cairn_${service}`
  url.password = ''
  return url.href
}

/** The owners below `servicesDirectory`, by name. */
export const findOwners = (
  servicesDirectory: string,
  databaseUrl: string,
  environment: Readonly<Record<string, string | undefined>>,
): OwnerSchema[] =>
  readdirSync(servicesDirectory)
    .sort()
    .map(service => ({ service, directory: join(servicesDirectory, service, 'src', 'migrations') }))
    .filter(({ directory }) => existsSync(directory))
    .map(({ service, directory }) => ({
      schema: service,
      directory,
      serviceUrl: environment[serviceUrlVariable(service)] || defaultUrl(databaseUrl, service),
    }))
