// What `npm start` itself reads from the environment, and what is said of the ports; read-stack-config.ts reads it.
import { type ConfigOf, variable } from '@cairn/runtime'
import { LocalStackError } from '../local-stack-error.ts'
import { whyPortIsTaken } from '../provision/free-port.ts'

const port = (name: string, fallback: number, description: string) =>
  variable.integer(name, { min: 1, max: 65_535, fallback, description })

/** 0: a free one is chosen. */
const opsPort = (service: string) => port(`${service}_OPS_PORT`, 0, `ops port of the ${service.toLowerCase()} service`)

const generated = (name: string) =>
  variable.secretKey(name, { fallback: Buffer.alloc(0), description: 'made at random when not set' })

const nodeEnv = variable.oneOf('NODE_ENV', {
  values: ['development', 'test'],
  fallback: 'development',
  description: 'the local Apple issuer is for development alone',
})

export const stackVariables = {
  nodeEnv: {
    ...nodeEnv,
    expects: `${nodeEnv.expects}, since npm start brings an Apple issuer that believes everybody`,
  },
  gatewayPort: port('GATEWAY_PORT', 8080, 'port of the HTTP API'),
  realtimePort: port('REALTIME_PORT', 8081, 'port of the realtime service'),
  appleIssuerPort: port('APPLE_ISSUER_PORT', 8089, 'port of the local Apple issuer'),
  gatewayOpsPort: opsPort('GATEWAY'),
  authOpsPort: opsPort('AUTH'),
  progressOpsPort: opsPort('PROGRESS'),
  realtimeOpsPort: opsPort('REALTIME'),
  janitorOpsPort: opsPort('JANITOR'),
  databaseUrl: variable.postgresUrl('DATABASE_URL', { fallback: '', description: 'a PostgreSQL of your own' }),
  natsUrl: variable.natsUrl('NATS_URL', { fallback: '', description: 'a NATS of your own' }),
  redisUrl: variable.redisUrl('REDIS_URL', { fallback: '', description: 'a Redis of your own' }),
  userHashKey: generated('USER_HASH_KEY'),
  authMasterKey: generated('AUTH_MASTER_KEY'),
} as const

export type StackConfig = ConfigOf<typeof stackVariables>

/** By the name of the variable; without those that are to be chosen. */
export const portsOf = (config: StackConfig): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(stackVariables).flatMap(([key, { name }]) => {
      const value = config[key as keyof StackConfig]
      return name.endsWith('_PORT') && typeof value === 'number' && value > 0 ? [[name, value] as const] : []
    }),
  )

/** A fault for each port that several variables name. */
export const sharedPortFaults = (config: StackConfig): readonly string[] =>
  [...Map.groupBy(portsOf(config), ([, value]) => value)]
    .filter(([, entries]) => entries.length > 1)
    .map(([value, entries]) => {
      const names = entries.map(([name]) => name)
      return `${names.join(' and ')} are both ${value}; set one to another port`
    })

/** Throws one `LocalStackError` that names every port in use and the variable that moves it. */
export const checkPorts = async (config: StackConfig): Promise<void> => {
  const checked = await Promise.all(
    [...portsOf(config)].map(async ([name, value]) => ({ name, value, code: await whyPortIsTaken(value) })),
  )
  const faults = checked.flatMap(({ name, value, code }) => {
    if (code === undefined) return []
    const fault =
      code === 'EADDRINUSE'
        ? 'is in use'
        : code === 'EACCES'
          ? 'may not be used by this user'
          : `cannot be used (${code})`
    return [`${name} ${value} ${fault}; set ${name} to another port`]
  })
  if (faults.length > 0) throw new LocalStackError(faults.join('\n'))
}
