// Reads the stack's own variables, and checks those of every process it will start, before anything is claimed or started: the
// processes are planned with stand-ins for what is not there yet, so that they meet what they would be given.
import { ConfigError, type Environment, readEnvironment, type VariableTable } from '@cairn/runtime'
import { LocalStackError } from '../local-stack-error.ts'
import { secretNames, type Secrets } from '../provision/secrets.ts'
import type { StackPlan } from './run-stack.ts'
import type { StackContext } from './service-plan.ts'
import { sharedPortFaults, type StackConfig, stackVariables } from './stack-config.ts'

const key = Buffer.alloc(32).toString('base64url')

const standIns = (environment: Environment): StackContext => ({
  environment,
  // What is set wins over the stack's own: its faults show however the rest is planned.
  config: readEnvironment(stackVariables, {}),
  secrets: Object.fromEntries(secretNames.map(name => [name, key])) as Secrets,
  backends: {
    databaseUrl: 'postgresql://cairn@127.0.0.1/cairn',
    natsUrl: 'nats://127.0.0.1',
    redisUrl: 'redis://127.0.0.1',
  },
  directory: '.',
})

const faultsOf = (table: VariableTable, environment: Environment): readonly string[] => {
  try {
    readEnvironment(table, environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const ownNames: ReadonlySet<string> = new Set(Object.values(stackVariables).map(({ name }) => name))

/** The stack may be stricter about a variable than the service: then its word is the one to hear. */
const withoutOwn = (table: VariableTable): VariableTable =>
  Object.fromEntries(Object.entries(table).filter(([, { name }]) => !ownNames.has(name)))

const plannedFaults = async (environment: Environment, plan: StackPlan): Promise<readonly string[]> => {
  const context = standIns(environment)
  const processes = [...(await plan.services(context)), plan.issuer(context)]
  return processes.flatMap(({ variables, env }) => faultsOf(withoutOwn(variables), env))
}

/** Those in good order; of a faulty one there is nothing to say about ports. */
const readUsable = (environment: Environment): StackConfig => {
  const usable = Object.values(stackVariables).filter(one => faultsOf({ one }, environment).length === 0)
  return readEnvironment(stackVariables, Object.fromEntries(usable.map(({ name }) => [name, environment[name]])))
}

/** Throws one `LocalStackError` with all faults, each once. */
export const readStackConfig = async (environment: Environment, plan: StackPlan): Promise<StackConfig> => {
  const config = readUsable(environment)
  const faults = new Set([
    ...faultsOf(stackVariables, environment),
    ...sharedPortFaults(config),
    ...(await plannedFaults(environment, plan)),
  ])
  if (faults.size > 0) throw new LocalStackError(new ConfigError([...faults]).message)
  return config
}
