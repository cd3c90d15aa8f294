import { ConfigError, readEnvironment } from '@cairn/runtime'
import { describe, expect, it } from 'vitest'
import { originsVariable, refuseUnsafeOrigins } from './origins.ts'

const table = { origins: originsVariable('ALLOWED', { description: 'pages' }) }
const read = (value: string): readonly string[] => readEnvironment(table, { ALLOWED: value }).origins

describe('a list of origins', () => {
  it('is empty unless given, and then exact', () => {
    expect(read('')).toEqual([])
    expect(read('https://app.example.com, http://localhost:3000')).toEqual([
      'https://app.example.com',
      'http://localhost:3000',
    ])
  })

  it.each([
    '*',
    'null',
    'https://*.example.com',
    'app.example.com',
    'https://app.example.com/',
    'https://APP.example.com',
    'https://app.example.com:443',
    'https://user@app.example.com',
    'ftp://app.example.com',
    'https://a.example,',
  ])('refuses %s', value => {
    expect(() => read(value)).toThrow('ALLOWED is malformed')
  })

  it('has nothing but https in production', () => {
    const refuse = (nodeEnv: string, origins: readonly string[]) => () =>
      refuseUnsafeOrigins(nodeEnv, { name: 'ALLOWED', origins })
    expect(refuse('production', ['https://a.example', 'http://b.example'])).toThrow(ConfigError)
    expect(refuse('production', ['https://a.example'])).not.toThrow()
    expect(refuse('development', ['http://b.example'])).not.toThrow()
  })
})
