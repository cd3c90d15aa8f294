// A stack's context as it is when the back ends are there, without any.
import { type Environment, readEnvironment } from '@cairn/runtime'
import { secretNames, type Secrets } from '../src/provision/secrets.ts'
import type { StackContext } from '../src/supervisor/service-plan.ts'
import { stackVariables } from '../src/supervisor/stack-config.ts'

const key = Buffer.alloc(32, 1).toString('base64url')

export const stackContext = (environment: Environment): StackContext => ({
  environment,
  config: readEnvironment(stackVariables, environment),
  secrets: Object.fromEntries(secretNames.map(name => [name, key])) as Secrets,
  backends: { databaseUrl: 'postgresql://a:b@127.0.0.1/c', natsUrl: 'nats://127.0.0.1', redisUrl: 'redis://127.0.0.1' },
  directory: '/nowhere',
})
