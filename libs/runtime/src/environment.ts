// Configuration from the environment: each service declares a table of variables; all faults are reported in one message.
// A fault names the variable and what it should be, never the value it had, since that may be a secret.

export interface Variable<T> {
  readonly name: string
  /** What the value has to be, in words, as in the message and in docs/environment.md. */
  readonly expects: string
  readonly description: string
  /** Undefined: the variable is required. */
  readonly fallback: T | undefined
  readonly secret: boolean
  /** Returns undefined when the text is not what is expected. */
  readonly parse: (text: string) => T | undefined
}

export type VariableTable = Readonly<Record<string, Variable<unknown>>>
export type ConfigOf<Table extends VariableTable> = {
  readonly [K in keyof Table]: Table[K] extends Variable<infer T> ? T : never
}
export type Environment = Readonly<Record<string, string | undefined>>

/** Thrown with every fault at once; its message is meant for the person who starts the process. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

const readOne = (variable: Variable<unknown>, environment: Environment): { value?: unknown; fault?: string } => {
  const text = environment[variable.name]
  if (text === undefined || text === '') {
    return variable.fallback === undefined
      ? { fault: `${variable.name} is missing: expected ${variable.expects} (${variable.description})` }
      : { value: variable.fallback }
  }
  const value = variable.parse(text)
  return value === undefined ? { fault: `${variable.name} is malformed: expected ${variable.expects}` } : { value }
}

/** Reads every variable of the table once. Throws `ConfigError` naming all faults; the result is frozen. */
export const readEnvironment = <Table extends VariableTable>(
  table: Table,
  environment: Environment,
): ConfigOf<Table> => {
  const config: Record<string, unknown> = {}
  const faults: string[] = []
  for (const [key, variable] of Object.entries(table)) {
    const { value, fault } = readOne(variable, environment)
    if (fault === undefined) config[key] = value
    else faults.push(fault)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(config) as ConfigOf<Table>
}
