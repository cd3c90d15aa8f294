import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { removeStackEnvironment, withLocalStack, writeStackEnvironment } from '../src/stack-environment.ts'

let root: string
let directory: string
const stack = { DATABASE_URL: 'postgresql://a', NATS_URL: 'nats://b' }

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cairn-stack-environment-'))
  directory = join(root, '.local', 'stack')
  mkdirSync(directory, { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

describe('withLocalStack', () => {
  it('adds the URLs of a running stack, from a file for its owner alone', () => {
    writeStackEnvironment(directory, stack)
    expect(statSync(join(directory, 'environment.json')).mode & 0o777).toBe(0o600)
    expect(withLocalStack(root, { HOME: '/x', DATABASE_URL: '' })).toEqual({ HOME: '/x', ...stack })
  })

  it('never mixes them with a URL that is set by hand', () => {
    writeStackEnvironment(directory, stack)
    const environment = { DATABASE_URL: 'postgresql://production' }
    expect(withLocalStack(root, environment)).toEqual(environment)
  })

  it('adds nothing without a stack', () => {
    expect(withLocalStack(root, { HOME: '/x' })).toEqual({ HOME: '/x' })
    writeStackEnvironment(directory, stack)
    removeStackEnvironment(directory)
    expect(withLocalStack(root, { HOME: '/x' })).toEqual({ HOME: '/x' })
  })
})
