import { describe, expect, it } from 'vitest'
import { ConfigError, readEnvironment, type Environment, type VariableTable } from './environment.ts'
import * as variable from './variables.ts'

const read = <Table extends VariableTable>(table: Table, environment: Environment) =>
  readEnvironment(table, environment)
const faultsOf = (table: VariableTable, environment: Environment): readonly string[] => {
  try {
    read(table, environment)
    return []
  } catch (error) {
    return (error as ConfigError).faults
  }
}
const key = Buffer.alloc(32, 7)
const about = 'what it is for'

describe('readEnvironment', () => {
  it('reads values, takes defaults for what is absent or empty, and freezes the result', () => {
    const table = {
      port: variable.port('PORT', { description: about, fallback: 80 }),
      name: variable.text('NAME', { description: about, fallback: 'anna' }),
      hosts: variable.list('HOSTS', { description: about }),
    }
    const config = read(table, { PORT: '8080', NAME: '', HOSTS: 'a, b' })
    expect(config).toEqual({ port: 8080, name: 'anna', hosts: ['a', 'b'] })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('names every fault at once and never a value', () => {
    const table = {
      port: variable.port('PORT', { description: about }),
      url: variable.postgresUrl('DATABASE_URL', { description: about }),
      key: variable.secretKey('KEY', { description: about }),
    }
    const environment = { PORT: 'secret-1', DATABASE_URL: 'mysql://u:secret-2@h/d' }
    expect(() => read(table, environment)).toThrow(ConfigError)
    const faults = faultsOf(table, environment)
    expect(faults).toHaveLength(3)
    expect(faults.join('\n')).toContain('KEY is missing: expected at least 32 bytes')
    expect(faults.join('\n')).not.toContain('secret-')
  })
})

describe('the kinds of variables', () => {
  const integer = variable.integer('N', { description: about, min: 1, max: 10 })
  it.each(['0', '11', '1.5', '1e1', ' 5', '-1', '0x5', '99999999999999999', 'five'])('integer refuses %j', value => {
    expect(integer.parse(value)).toBeUndefined()
  })

  const url = variable.natsUrl('U', { description: about })
  it.each(['nats://h:4222', 'tls://h'])('URL takes %j', value => expect(url.parse(value)).toBe(value))
  it.each(['h:4222', 'http://h', 'nats://', ''])('URL refuses %j', value => expect(url.parse(value)).toBeUndefined())

  const postgres = variable.postgresUrl('P', { description: about })
  it.each(['postgresql://u:p@h/d', 'postgres://h/d?sslmode=require'])('URL of a database takes %j', value =>
    expect(postgres.parse(value)).toBe(value),
  )
  it.each(['?options=-c%20timezone%3DUTC', '?sslmode=require&%6fptions=', '?options'])(
    'URL of a database refuses %j, and says so',
    query => {
      const environment = { P: `postgresql://u:p@h/d${query}` }
      expect(faultsOf({ postgres }, environment)).toEqual([expect.stringContaining('without `options`')])
    },
  )

  it('a URL that may hold a password counts as a secret, an address of the web does not', () => {
    expect(variable.redisUrl('R', { description: about }).secret).toBe(true)
    expect(variable.url('W', { description: about, protocols: ['https:'] }).secret).toBe(false)
  })

  it('a secret key has to be long enough and spelled canonically', () => {
    const secret = variable.secretKey('K', { description: about })
    expect(secret.parse(key.toString('base64url'))).toEqual(key)
    expect(secret.parse(key.subarray(1).toString('base64url'))).toBeUndefined()
    expect(secret.parse(key.toString('base64'))).toBeUndefined()
  })

  it('one of several, and lists without empty entries', () => {
    const level = variable.oneOf('L', { description: about, values: ['info', 'warn'] })
    expect([level.parse('warn'), level.parse('loud')]).toEqual(['warn', undefined])
    const list = variable.list('L', { description: about })
    expect([list.parse('a,,b'), list.parse(',')]).toEqual([undefined, undefined])
  })
})
